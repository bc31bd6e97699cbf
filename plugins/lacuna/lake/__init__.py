"""Lacuna's own store: the lake bucket, Glue and Athena."""

"""The rows and schemas of the evidence and raw tables. Pure."""

"""The embedded engine: Athena SQL on DuckDB."""

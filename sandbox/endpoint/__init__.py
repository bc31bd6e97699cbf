"""The sandbox's AWS endpoint: moto for the control plane, an Athena that really runs SQL.

server      the process: one port, everything installed
s3          where moto's S3 is corrected; bulk load
cloudtrail  where moto's CloudTrail is corrected; public keys of digests
glue        the Glue calls that moto lacks
faults      calls that fail on demand, calls counted
athena      the Athena API
ddl         Hive's statements, done on the catalogue
catalog     Glue tables and S3 objects as Athena sees them
engine      what an engine is: statement in, rows out
duck        the embedded engine
dialect     Athena SQL to DuckDB SQL, and what is refused
functions   the Trino functions it knows, with macros.sql
serde       text formats, decoded by DuckDB
results     values, types and errors between DuckDB and Athena
trino       the other engine: a real Trino, with trino_dialect, trino_view and trino_server
types       Hive's and Trino's types in DuckDB's words
"""

"""The sandbox's AWS endpoint: moto for the control plane, an Athena that really runs SQL.

server      the process: one port, everything installed
s3          where moto's S3 is corrected; bulk load
cloudtrail  where moto's CloudTrail is corrected; public keys of digests
glue        what moto's Glue lacks
faults      calls that fail on demand, calls counted
athena      the Athena API
unload      UNLOAD, by CREATE TABLE AS
ddl         Hive's statements, done on the catalogue
catalog     Glue tables and S3 objects as Athena sees them
engine      what an engine is: statement in, rows out
duck        the embedded engine
syntax      Athena SQL as a tree, and what is no Athena SQL
analysis    names resolved, a type for every expression; what has none is refused
writer      an analysed query as DuckDB SQL
functions   the functions that are carried, by signature, with macros.sql
serde       text formats, decoded by DuckDB
pruning     which of a query's filters reach which table
results     values and types between DuckDB and Athena
errors      DuckDB's errors in Athena's words
types       Trino's types, and their names in DuckDB and Hive
trino       the other engine: a real Trino, with trino_dialect, trino_view and trino_server
"""

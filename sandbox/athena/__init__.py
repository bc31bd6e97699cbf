"""An Athena on this machine: moto for the control plane, a query API that really runs SQL.

server      the process: one port, everything installed
listener    an application on a loopback port
moto_fixes/ where moto is corrected: S3, CloudTrail, Glue, tagging, CloudFormation
faults      calls that fail on demand, calls counted
api         the Athena API
ddl         Hive's statements, executed on the catalog
catalog     Glue tables and S3 objects as Athena sees them
definitions tables as CREATE TABLE AS defines them and Glue keeps them
engine      what an engine is: statement in, rows out
errors      why a query has no result
syntax      Athena SQL as a tree, and what is no Athena SQL
types       Trino's types, and their names in DuckDB and Hive
hive        Hive's type names, as Glue keeps them
serde       text formats, decoded by DuckDB
patterns    regular expressions, from Java's dialect to RE2
results     values and types between an engine and Athena
duck/       the embedded engine
trino/      the other engine: a real Trino
"""

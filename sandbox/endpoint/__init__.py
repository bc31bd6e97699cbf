"""The sandbox's AWS endpoint: moto for the control plane, an Athena that really runs SQL.

server      the process: one port, everything installed     engine    what an engine is: statement in, rows out
s3          where moto's S3 is corrected, bulk load          duck      the embedded engine
cloudtrail  the same for CloudTrail                          dialect   Athena SQL to DuckDB SQL, and what is refused
faults      calls that fail on demand, calls counted         serde     text formats, decoded by DuckDB
athena      the Athena API                                   ddl       Hive's statements, done on the catalogue
catalog     Glue tables and S3 objects as Athena sees them
"""

"""Lacuna's library: is every bucket's access logged, did the logs arrive, what do they say?

Each package imports only from those below it (pyproject.toml, import-linter).

cli/         commands.py, the runner of a day, its summary, the terminal
steps/       what a DAG runs: snapshot, catalog, build, check, remediate, and their parts
lake/        our own store: evidence, raw tables, Glue, Athena
aws/         the observed accounts: buckets, objects, trails, tags
remedy/      plans that repair logging                                   (pure, as all below)
protection/  how a bucket is protected, as states that can be compared
trail/       what trails record, where their files are, whether they are genuine
access_log/  whether a target can receive access logs, where they are, what is weak there
tables/      rows and schemas of the evidence and raw tables
refusals     what AWS did not answer, and which permission is missing
declared     what users declare in tables of theirs, for the detections
reasons      every reason and weakness code
detections   the detections, from the entries beside their SQL
settings     the LACUNA_* environment variables, each one field
day          which delivery day a run is about
text         text written by strangers, made safe to show
globs        '*' and '?' in names of buckets and in policies
"""

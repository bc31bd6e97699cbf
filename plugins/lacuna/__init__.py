"""Lacuna's library: is every bucket's access logged, did the logs arrive, what do they say?

settings     what a run may be told from outside
day          which delivery day a run is about
text         text written by strangers, safe to show

aws/         every call to AWS: clients passed in, frozen values returned
policies     what a bucket policy says to one request            (pure, as all down to digests)
targets      can S3 deliver access logs to this bucket?
weaknesses   what is weak about the place that they are delivered to?
coverage     which data events of a bucket do the trails record?
delivery     where a day's log objects lie, and what a listed object is
logfiles     is a CloudTrail file whole, and what is its hash?
digests      are digest files genuine and unbroken, do the log files match?
evidence     the evidence tables' rows and schemas
raw          the raw tables, their partitions and manifests

snapshot     observe the account's logging configuration          (read, judge, write)
catalogue    catalogue the log objects of one delivery day        (read, judge, write)
validation   hold a day's marts against their expectations
"""

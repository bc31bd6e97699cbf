"""What a day must look like to be relied on: one Great Expectations suite a mart.

Each module has `suite(on)`, the expectations for one partition, and `WORDS`, which says an
offending row of each expectation as a sentence for the person on call. The event day stands in the
head of the message and not in the sentence: what is the same on several days is told once.

dbt's tests guard the shape of a model while it is built (keys, accepted values); a suite says
whether the day it holds may be relied on, so its breaches are findings and not bugs.
"""

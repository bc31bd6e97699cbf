"""What a day must look like to be relied on: one suite of checks a mart.

Each module has `checks(on)`, the checks of one partition of its mart. `shared.Check` says what a
check consists of, and `lacuna.steps.suites` runs them with Great Expectations. A sentence does not
name the event day: the summary says a sentence that holds on several days once, with its days.

dbt's tests guard the shape of a model while it is built (keys, accepted values). A suite says
whether the data of the day may be relied on, so what it finds is a finding and not a bug.
"""

"""The simulated account: buckets, traffic, both logs as AWS writes them, and what was planted.

buckets.py      which buckets there are, how each is logged, what the trail records
clients.py      who asks: people, roles, services, strangers
operations.py   what they ask for, as each log names it
hostile.py      texts that strangers put into requests
profiles.py     kinds of buckets: who uses them, for what, when
traffic.py      requests as values, an hour of a bucket at a time
access_log.py   request -> lines -> log objects in their three key layouts
cloudtrail.py   request -> events -> log files
management.py   events that ask nothing of a bucket
digests.py      log files -> signed hourly digests
plan.py         everything that decides what the account will look like
faults.py       what is planted, each a small function: in the configuration (configured.py), in
                what is delivered (delivered.py), both by planting.py
ledger.py       what the two logs can prove about every hour, from the requests themselves
truth.py        the answer sheet, truth.json
account.py      one simulation as a stream of objects, no network
simulate.py     writes that stream and the configuration into a running sandbox
"""

from __future__ import annotations

from sandbox.account.simulate import simulate
from sandbox.account.truth import Truth

__all__ = ["Truth", "simulate"]

"""The simulated account: buckets, traffic, both logs as AWS writes them, and what was planted.

buckets.py      the buckets: how each is logged, what the trail records of it
policies.py     their logging configurations and bucket policies
selectors.py    what the trails and the event data stores select
clients.py      the callers: people, roles, services, strangers
operations.py   their operations, as each log names them
hostile.py      texts that strangers put into requests
profiles.py     kinds of buckets: their callers, operations, keys and daily rhythm
traffic.py      requests, one hour of one bucket at a time
access_log.py   request -> lines -> log objects in three key layouts
cloudtrail.py   request -> events -> log files
management.py   management events, which are no requests to a bucket
digests.py      log files -> signed hourly digests
plan.py         everything that decides what the account holds
faults.py       the planted faults, one small function each. configured.py: in the configuration;
                resettings.py: in the changes of it; delivered.py: in the logs; planting.py: helpers
ledger.py       what the two logs can prove about every hour, computed from the requests
truth.py        the answer sheet, truth.json
account.py      one simulation as a stream of objects, without a network
simulate.py     writes that stream and the configuration into a running sandbox
"""

from __future__ import annotations

from sandbox.account.simulate import simulate
from sandbox.account.truth import Truth

__all__ = ["Truth", "simulate"]

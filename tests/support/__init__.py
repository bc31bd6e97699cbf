"""What tests of several rings share."""

import gc
from pathlib import Path

REPO = Path(__file__).parents[2]


def collect_rarely() -> None:
    """Collect no garbage among what is there by now, and look for it seldom.

    Trees of SQL and of dbt's project are circles, and the collector would look at them over and over.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)

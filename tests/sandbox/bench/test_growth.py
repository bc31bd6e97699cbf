"""Generated accounts are real to the product, whose calls grow with them and not with their square.

Takes seconds: a process of its own imports moto and the product, and catalogs two accounts.
"""

import json
import subprocess
import sys

from tests.support import REPO

CATALOG = """
import json, os, sys
from datetime import date
from bench import growth_work
from bench.large_account import large_account
from lacuna.lake.lake import open_lake
from lacuna.settings import Settings
from lacuna.tables.evidence import LOG_OBJECTS, TRAIL_DIGESTS

day, measured = date(2026, 11, 20), []
for accounts in map(int, sys.argv[1:]):
    with large_account() as account:
        account.add_digest_chains(day, accounts)
        os.environ.update(account.environment)
        settings = Settings.from_env()
        growth_work.prepare(settings, day, 0)
        before = sum(account.box.book.calls().values())
        growth_work.catalog_day(settings, day, 0)
        calls = sum(account.box.book.calls().values()) - before
        lake, of_day = open_lake(settings), {"delivered_on": day}
        digests = [row["state"] for row in lake.read(TRAIL_DIGESTS, of_day)]
        files = [row["digest_state"] for row in lake.read(LOG_OBJECTS, of_day)]
        measured.append([calls, digests, files])
print(json.dumps(measured))
"""


def test_generated_digests_are_verified_whole_and_cost_the_same_for_each_account():
    done = subprocess.run(
        [sys.executable, "-c", CATALOG, "2", "12"],
        cwd=REPO,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    (few, *of_few), (many, *of_many) = json.loads(done.stdout.splitlines()[-1])
    assert of_few == [["valid"] * 24 * 2, ["attested"] * 24 * 2]
    assert of_many == [["valid"] * 24 * 12, ["attested"] * 24 * 12]
    # lists, reads and judges the 24 files and 25 digests of an account
    of_each = (many - few) / 10
    assert 50 < of_each < 60
    # what a day costs without any account
    assert 0 < few - 2 * of_each < 100

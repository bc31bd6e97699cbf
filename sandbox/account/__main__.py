"""Write the simulated account into a folder, to inspect it or to measure with it.

python -m sandbox.account --seed 7 --requests 20000 --out DIR
"""

from __future__ import annotations

import argparse
import json
import os
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sandbox.account import buckets
from sandbox.account.account import Account, StoredObject
from sandbox.account.digests import signing_key
from sandbox.account.faults import make_plan
from sandbox.account.period import Period, iso
from sandbox.account.selectors import event_selectors


def write(account: Account, folder: Path) -> None:
    """Write every object as FOLDER/bucket/key, an index, the keys, the selectors and truth.json."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "objects.jsonl").open("w") as index:
        for item in account.objects():
            _write_object(folder / item.bucket / item.key, item)
            index.write(json.dumps(_index_row(item)) + "\n")
    keys = {
        region: {"fingerprint": key.fingerprint, "pkcs1_der_hex": key.public_der.hex()}
        for region in buckets.REGIONS
        for key in (signing_key(account.plan.seed, region),)
    }
    (folder / "public_keys.json").write_text(json.dumps(keys, indent=1))
    (folder / "event_selectors.json").write_text(json.dumps(event_selectors(), indent=1))
    (folder / "truth.json").write_text(account.truth().to_json())


def _write_object(path: Path, item: StoredObject) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(item.body)
    os.utime(path, (item.delivered_at, item.delivered_at))


def _index_row(item: StoredObject) -> dict[str, object]:
    return {
        "bucket": item.bucket,
        "key": item.key,
        "size": len(item.body),
        "delivered_at": iso(item.delivered_at),
        "metadata": item.metadata,
    }


def main() -> None:
    """Run the command line."""
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--seed", type=int, default=7, help="the same seed makes the same account")
    parser.add_argument(
        "--requests", type=int, default=20_000, help="approximate number of requests"
    )
    parser.add_argument("--days", type=int, default=4, help="delivery days")
    parser.add_argument(
        "--until",
        type=date.fromisoformat,
        default=yesterday,
        help="the last day; default yesterday",
    )
    parser.add_argument("--out", type=Path, required=True, help="the folder to write")
    args = parser.parse_args()
    started = time.monotonic()
    account = Account(make_plan(args.seed, args.requests, Period(args.until, args.days)))
    write(account, args.out)
    totals = {k: v for k, v in account.truth().totals.items() if isinstance(v, int)}
    print(json.dumps(totals), f"in {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()

"""Compare a served sandbox, whose days were run, with what was planted.

python -m sandbox.demo TRUTH.json [TIMINGS.json]   (in the environment that the sandbox printed)
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from sandbox.demo import judge, parts


def main(arguments: list[str]) -> int:
    """Return the exit code: 1 if the truth and the verdicts differ, 2 if the usage is wrong."""
    if len(arguments) not in (1, 2):
        print(__doc__, file=sys.stderr)
        return 2
    truth, *timings = map(Path, arguments)
    seconds = parts(timings[0]) if timings else {}
    return judge(json.loads(truth.read_text()), seconds, os.environ)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

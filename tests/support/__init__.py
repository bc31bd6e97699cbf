"""What tests of several rings share."""

from pathlib import Path

REPO = Path(__file__).parents[2]

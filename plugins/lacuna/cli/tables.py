"""The one printer of aligned tables. Texts are shown as they are: they must be safe to show."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, islice

from rich.cells import cell_len, chop_cells, set_cell_size

CUT = "…"
GAP = "  "
NARROWEST = 11  # to which a column may be cut; if not all fit so, each row is a list
MEASURED = 1000  # rows that decide the widths: a table of any length needs the memory of so many


def table(
    names: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: Collection[int] = (),
    whole: Collection[int] = (),
    width: int | None = None,
) -> Iterator[str]:
    """Yield the lines of a table that is at most `width` wide; None: as wide as its values.

    `numbers` are the places of columns on the right of which values end; `whole` are those that are
    never cut, because a part of their value would be another value. In a column that is cut, CUT
    stands for the middle of each value that is longer.
    """
    rows = iter(rows)
    measured = list(islice(rows, MEASURED))
    uncut = {*numbers, *whole} if width is not None else range(len(names))
    widths = [max(map(cell_len, cells)) for cells in zip(names, *measured, strict=True)]
    every = chain(measured, rows)
    if width is not None:
        fitted = _fitted(widths, uncut, width)
        if fitted is None:
            yield from _lists(names, every, width)
            return
        widths = fitted
    for cells in chain([names], every):
        parts = [
            _placed(text, size, is_cut=place not in uncut, is_number=place in numbers)
            for place, (text, size) in enumerate(zip(cells, widths, strict=True))
        ]
        yield GAP.join(parts).rstrip()


def _fitted(widths: Sequence[int], uncut: Collection[int], width: int) -> list[int] | None:
    """Return widths that fit, all wide columns cut alike; None if there are none."""
    room = width - len(GAP) * (len(widths) - 1)
    for most in range(max(widths), min(NARROWEST, max(widths)) - 1, -1):
        fitted = [size if place in uncut else min(size, most) for place, size in enumerate(widths)]
        if sum(fitted) <= room:
            return fitted
    return None


def _placed(text: str, size: int, *, is_cut: bool, is_number: bool) -> str:
    length = cell_len(text)
    if length > size and is_cut:
        return _shortened(text, size)
    blanks = " " * (size - length)
    return blanks + text if is_number else text + blanks


def _shortened(text: str, size: int) -> str:
    """Return the beginning and the end of a text: what differs in ARNs and keys is at their end."""
    tail = (size - 1) // 2
    end = text[-tail:]
    while cell_len(end) > tail:
        end = end[1:]
    return set_cell_size(text, size - 1 - cell_len(end)) + CUT + end


def _lists(names: Sequence[str], rows: Iterable[Sequence[str]], width: int) -> Iterator[str]:
    """Yield each row as a list of its values, which are folded and never cut."""
    indent = max(map(cell_len, names)) + len(GAP)
    room = max(width - indent, NARROWEST)
    for row in rows:
        for name, text in zip(names, row, strict=True):
            lines = chop_cells(text, room) or [""]
            yield (set_cell_size(name, indent) + lines[0]).rstrip()
            yield from (" " * indent + line for line in lines[1:])
        yield ""

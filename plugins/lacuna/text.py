"""Make text that strangers wrote (log lines, object keys, bucket tags) safe to show."""

import difflib
import unicodedata
from collections import Counter
from collections.abc import Iterable

# Characters that can move a cursor, hide text or reorder it: control, format (bidirectional
# overrides, zero width), surrogate, unassigned, private use, and the two Unicode line breaks.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})
_SHORT = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


def visible(text: str) -> str:
    """Return `text` on one line, with an escape for every character that a terminal acts upon."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that a misspelt one most likely means; None if none is like it.

    Letters that changed places are the commonest slip, and difflib alone then often prefers a name
    with another letter: it takes us-esat-1 for us-west-1.
    """
    folded = {one.casefold(): one for one in known}
    letters = Counter(name.casefold())

    def other_letters(one: str) -> int:
        return ((letters - Counter(one)) + (Counter(one) - letters)).total()

    close = difflib.get_close_matches(name.casefold(), folded, n=9)  # the most alike first
    return folded[min(close, key=other_letters)] if close else None


def meant(name: str, known: Iterable[str]) -> str:
    """Return ` Did you mean …?` for a misspelt name; nothing if no known name is like it."""
    like = nearest(name, known)
    return f" Did you mean {visible(like)}?" if like else ""


def _shown(character: str) -> str:
    if unicodedata.category(character) not in _INVISIBLE:
        return character
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"

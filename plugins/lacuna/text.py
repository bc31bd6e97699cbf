"""Make text that strangers wrote (log lines, object keys, bucket tags) safe to show."""

import unicodedata

# Characters that can move a cursor, hide text or reorder it: control, format (bidirectional
# overrides, zero width), surrogate, unassigned, private use, and the two Unicode line breaks.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})
_SHORT = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


def visible(text: str) -> str:
    """Return `text` on one line, with an escape for every character that a terminal acts upon."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if unicodedata.category(character) not in _INVISIBLE:
        return character
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"

"""Cleaning of text that comes from data before it goes into headers, files and messages."""

from __future__ import annotations

import unicodedata

__all__ = ["clean_lines", "one_line", "shorten"]

_BREAKS = frozenset({"Cc", "Zl", "Zp", "Zs"})
_REVERSALS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def one_line(text: str) -> str:
    """Return the text on one line: breaks, tabs and control characters become single spaces.

    Characters that turn the reading direction around are dropped, broken surrogates become U+FFFD.
    """
    return " ".join("".join(map(_plain, text)).split())


def clean_lines(text: str) -> str:
    """Return the text with every line cleaned by itself, trailing blanks cut, at most one empty line in a row."""
    kept: list[str] = []
    for line in text.splitlines():
        line = "".join(map(_plain, line)).rstrip()
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept).strip("\n")


def shorten(text: str, limit: int) -> str:
    """Return at most `limit` characters, the last one an ellipsis where something was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _plain(char: str) -> str:
    if char.isprintable() and char not in _REVERSALS:
        return char
    kind = unicodedata.category(char)
    if kind in _BREAKS:
        return " "
    if kind == "Cs":
        return "\ufffd"
    return "" if char in _REVERSALS else char

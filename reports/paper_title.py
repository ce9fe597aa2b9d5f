"""Long titles in lines that break by sense (GB/T 9704-2012)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

from .text import text_width

LINE_WIDTH = 20  #: characters of size 2 (22 pt) in a line of 156 mm
MAX_LINES = 4
_AFTER = re.compile(r"(?:关于|教育局|办公室|委员会|中心学校|小学|中学|高中|幼儿园|[）》])$")
_AFTER_WEAK = re.compile(r"(?:的|[、，])$")
_BEFORE = re.compile(r"(?:[（《]|(?:整改|督办|挂牌督办)?通知书?$|复查意见书$|[延期销号]{2}审批表$)")
_GLUED = re.compile(r"[\dA-Za-z〔〕（《][\dA-Za-z〔〕）》号年月日]$")
_FREE, _WEAK, _FORCED, _GLUE = 0.0, 1.0, 40.0, 400.0


def title_lines(title: str, width: float = LINE_WIDTH) -> tuple[str, ...]:
    """Break a title into as few lines of at most `width` characters as it needs, by sense, and near in length.

    A title that has too few places to break at is broken inside words, and at last at the width alone.
    """
    whole = title.strip()
    for worst, most in ((_WEAK, MAX_LINES), (_FORCED, 2)):
        cuts = [cut for cut in range(1, len(whole)) if _cut_cost(whole, cut) <= worst]
        for count in range(1, most + 1):
            found = [lines for lines in _ways(whole, cuts, count) if all(text_width(line) <= width for line in lines)]
            if found:
                return min(found, key=lambda lines: _cost(whole, lines))
    return tuple(re.findall(f".{{1,{int(width)}}}", whole))


def _ways(title: str, cuts: Sequence[int], count: int) -> Iterator[tuple[str, ...]]:
    """Yield the ways to cut the title into this many lines."""
    for chosen in combinations(cuts, count - 1):
        yield tuple(title[start:end] for start, end in pairwise((0, *chosen, len(title))))


def _cost(title: str, lines: tuple[str, ...]) -> float:
    widths = [text_width(line) for line in lines]
    ends = [sum(len(line) for line in lines[:place]) for place in range(1, len(lines))]
    return sum(_cut_cost(title, end) for end in ends) + (max(widths) - min(widths)) / 4


def _cut_cost(title: str, cut: int) -> float:
    """Return how bad it is to break here: free after an issuer, dear inside a word, dearest inside a number."""
    head, tail = title[:cut], title[cut:]
    if _GLUED.search(head[-1] + tail[0]) or _inside(head):
        return _GLUE
    if tail[0] in "、，）》的":
        return _GLUE
    if _AFTER.search(head) and not tail.startswith("关于"):
        return _FREE
    if _AFTER.search(head) or _AFTER_WEAK.search(head) or _BEFORE.match(tail):
        return _WEAK
    return _FORCED


def _inside(head: str) -> bool:
    """Return whether a bracket is still open."""
    return head.count("《") > head.count("》") or head.count("（") > head.count("）")

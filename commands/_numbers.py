"""Numbers as people write them: 123, 12-15, 12~15, 12,14, LZH-2024-000123, LZH-2024-000012~15."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["MOST_NUMBERS", "in_ranges", "is_number", "read_item", "read_number", "read_numbers"]

MOST_NUMBERS = 500  #: tickets in one call
_LONGEST = 48  #: characters of one number or range
_DIGITS = 6  #: of the running part of a full number
_FULL = r"(?P<head>[A-Z][A-Z0-9]{1,7}-\d{4}-)(?P<first>\d+)"
_SHORT = r"(?P<first>\d+)"
_LAST = r"(?P<again>[A-Z][A-Z0-9]{1,7}-\d{4}-)?(?P<last>\d+)"
_SINGLE = re.compile(rf"{_FULL}|(?P<short>\d+)")
_RANGE = re.compile(rf"(?:{_FULL}|(?P<short>\d+))(?:~|—|至|\.\.){_LAST}|(?P<a>\d+)-(?P<b>\d+)")
_LOOKS_LIKE = re.compile(r"\d|[A-Z][A-Z0-9]{1,7}-\d", re.IGNORECASE)


def is_number(word: str) -> bool:
    """Tell whether a word of the command line is meant as a number."""
    return bool(_LOOKS_LIKE.match(_plain(word)))


def read_number(flow: Rectiflow, word: str) -> str:
    """Return the full number one word stands for.

    Raises:
        InputUnusable: it is no number, or several. NotFound: there is no such hazard.
    """
    from rectiflow.engine.errors import InputUnusable

    found = read_numbers(flow, [word])
    if len(found) != 1:
        raise InputUnusable(f"“{word}”是 {len(found)} 条隐患，这里只能写一条。")
    return found[0]


def read_numbers(flow: Rectiflow, words: Iterable[str]) -> list[str]:
    """Return the full numbers that words stand for, each once, in order.

    Raises:
        InputUnusable: words that are no numbers, or too many; all that is wrong at once.
        NotFound: numbers for which there is no hazard; all of them at once.
        Ambiguous: short numbers that fit hazards of several years; all of them at once.
    """
    from rectiflow.engine.errors import Ambiguous, InputUnusable, NotFound

    wrong: list[str] = []
    singles: list[str] = []
    for word in words:
        for part in filter(None, re.split(r"[,，、;；\s]+", _plain(word))):
            try:
                singles += _spread(part)
            except ValueError as exc:
                wrong.append(str(exc))
    if len(singles) > MOST_NUMBERS:
        wrong.append(f"一次最多 {MOST_NUMBERS} 条，写了 {len(singles)} 条，请分几次办")
    if wrong:
        raise InputUnusable("；".join(wrong) + "。")
    found, missing, unclear = _find(flow, dict.fromkeys(singles))
    if unclear:
        raise Ambiguous("\n".join(unclear))
    if missing:
        raise NotFound(f"没有编号为 {'、'.join(missing)} 的隐患，请用 rectiflow ticket list 查看编号。")
    return list(dict.fromkeys(found))


def read_item(flow: Rectiflow, word: str) -> tuple[str, int | None]:
    """Read NUMBER or NUMBER/ORDINAL, as requests and papers are named; the ordinal is None when it is not written."""
    from rectiflow.engine.errors import InputUnusable

    number, slash, ordinal = _plain(word).partition("/")
    if slash and not ordinal.isdigit():
        raise InputUnusable(f"“{word}”应写成 编号/序号，如 12/1。")
    return read_number(flow, number), int(ordinal) if slash else None


def in_ranges(numbers: Iterable[str]) -> list[str]:
    """Write full numbers so that they can be typed again, those that follow each other as a range: LZH-2024-000012~15."""
    runs: list[list[str]] = []
    for number in numbers:
        before = runs[-1][-1] if runs else ""
        head, _, serial = number.rpartition("-")
        follows = before.rpartition("-")[0] == head and int(before.rpartition("-")[2]) + 1 == int(serial)
        runs = [*runs[:-1], [*runs[-1], number]] if runs and follows else [*runs, [number]]
    return [run[0] if len(run) == 1 else f"{run[0]}~{int(run[-1].rpartition('-')[2])}" for run in runs]


def _plain(word: str) -> str:
    return unicodedata.normalize("NFKC", word).strip().upper()


def _spread(part: str) -> Iterator[str]:
    """Return the single numbers a part stands for.

    Raises:
        ValueError: it is none, or the range runs backwards.
    """
    if len(part) > _LONGEST:
        raise ValueError(f"“{part[:_LONGEST]}…”不是编号，太长了")
    single = _SINGLE.fullmatch(part)
    if single:
        return iter((_whole(single["head"], single["first"]) if single["head"] else single["short"],))
    match = _RANGE.fullmatch(part)
    if match is None:
        raise ValueError(f"“{part}”不是编号，请写成 123、12-15 或 LZH-2024-000123")
    first = int(match["first"] or match["short"] or match["a"])
    last = int(match["last"] or match["b"])
    if match["again"] and match["again"] != match["head"]:
        raise ValueError(f"“{part}”两头不是同一年的编号，请分开写")
    if last < first:
        raise ValueError(f"“{part}”前大后小，范围应从小到大")
    if last - first >= MOST_NUMBERS:
        raise ValueError(f"“{part}”有 {last - first + 1} 条，一次最多 {MOST_NUMBERS} 条")
    head = match["head"]
    return (_whole(head, str(k)) if head else str(k) for k in range(first, last + 1))


def _whole(head: str, running: str) -> str:
    return f"{head}{int(running):0{_DIGITS}d}"


def _find(flow: Rectiflow, singles: Iterable[str]) -> tuple[list[str], list[str], list[str]]:
    """Return the full numbers, the words nothing fits, and for words that several fit what to say of them."""
    from rectiflow.engine.errors import Ambiguous, NotFound

    singles = list(singles)
    found: list[str] = []
    missing: list[str] = []
    unclear: list[str] = []
    for single in singles:
        try:
            number = flow.find(single)
            found.append(number if single.isdigit() else flow.ticket(number).number)
        except NotFound:
            missing.append(single)
        except Ambiguous as exc:
            unclear.append(str(exc))
    together = flow.find_together([s for s in singles if s.isdigit()]) if unclear else {}
    return _find(flow, [together.get(s, s) for s in singles]) if together else (found, missing, unclear)

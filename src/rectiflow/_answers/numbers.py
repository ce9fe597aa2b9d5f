"""The numbers of hazards that the first line of an answer names, as people write them.

LZH-2024-000002, lzh2024000002, 000002, 2, 2号; several as 2、3 or 2到4; of a paper also the place on it: 第2项. A short number
counts only beside words that ask for something, or before a remark, and only where it can mean no more than one hazard.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import islice

from msgspec import Struct

from rectiflow.notifiers.extension import number_of
from rectiflow.notifiers.wish import read_wish

__all__ = ["Named", "how_to_name", "mentioned", "named", "short"]

MOST_NAMED = 20  #: hazards that a range may stand for
_FULL = re.compile(
    r"(?<![A-Z0-9])(?P<head>[A-Z][A-Z0-9]{1,7}?)(?:-(?P<year>\d{4})-(?P<serial>\d{1,6})|(?P<year_>20\d\d)(?P<serial_>\d{6}))(?!\d)",
    re.IGNORECASE,
)
_NUMERAL = r"(?:\d{1,3}|[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九])"
_BETWEEN = r"(?:\s*[、,和及与至到~-]\s*)"
_PLACES = re.compile(rf"第\s*(?P<list>{_NUMERAL}(?:{_BETWEEN}第?\s*{_NUMERAL})*)\s*[项条]")
_UNITS = (
    r"[天日月年个点楼栋幢座班层时周期级台具只间元万米盏扇块根套批次节岁度项名份瓶部辆所位户工多余#%℃]"
    r"|人|分(?!别)|处(?![理置])|条(?!件)|组(?!织)|学期|:\d"
)
_BEARS = r"号(?=$|[\s,。;:!、()和及与至到~-]|签收|收到|收悉|申请|退回)"  #: no 号楼, and no day: 10号完成
_COUNTS = rf"\s*(?:{_UNITS}|(?!{_BEARS})号)"  #: behind a number of anything but a hazard
_SERIAL = rf"\d{{1,6}}(?!\d|{_COUNTS})(?:\s*号)?"
_ENDS = r"(?!\s*(?:[、和及与~-]\s*\d|[至到]\s*\d{1,6}(?!\d|\s*[年月./-])))"  #: a list with something else in it is none
_LISTS = tuple(
    rf"(?>{one}){_ENDS}"
    for one in (rf"{_SERIAL}(?:(?:{_BETWEEN}|\s+){_SERIAL})*", rf"{_SERIAL}(?:\s*[、和及与]\s*{_SERIAL})*")
)
_BEFORE = tuple(re.compile(rf"(?P<list>{one})(?P<gap>[\s,:、]*)(?P<rest>[^\d\s,:、].*)") for one in _LISTS)
_BEHIND = tuple(
    re.compile(
        rf"(?P<verb>(?:回复?)?1(?=\s)|[^\d]{{1,20}}?)\s*[(]?(?P<list>{one})[)]?(?P<rest>[.。]?$|[\s,。;:!、(].*)"
    )
    for one in _LISTS
)
_LAST = re.compile(rf"(?P<verb>.*[^\d\s])\s+(?P<list>{_SERIAL})(?P<rest>)[.。]?")
_GONE = re.compile(r"[(]?\s*\0(?:[\s、,和及与]*\0)*\s*[)]?")
_LOOSE = re.compile(rf"(?<![\d./年月-])(?<!\d:)(?P<serial>\d{{1,6}})(?![\d./年月-]|{_COUNTS})")
_CLAUSE = re.compile(r"[,。;:!]")  #: NFKC
_BLANKS = " ,，:：、;；"
_SHORT = 8  #: characters of words that say nothing but 退回
_BACK = re.compile(r"(?:我校|申请|请求?|要求|予以)*(?:退回|[不拒]|无法|并非)")  #: how these begin
_MAX_LINE = 1_000  #: characters of a first line in which numbers are looked for
_MAX_CLAUSES = 20


class Named(Struct, frozen=True, kw_only=True):
    """Hazards that words name, by their whole numbers, and the words without the numbers.

    `unknown`: numbers, as they are written, that none of the hazards in question bears; `unclear`: such as two may mean.
    """

    rest: str
    numbers: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()


def short(number: str) -> int:
    """Return how people write a number: LZH-2024-000054 is 54."""
    return int(number.rpartition("-")[2])


def how_to_name(standing: Mapping[int, str]) -> str:
    """Say how single items of a paper are handed in, by an example; nothing where there is only one.

    Args:
        standing: the numbers of its hazards by their places.
    """
    place, number = next(iter(standing.items()), (1, ""))
    if len(standing) < 2:
        return ""
    return f"只有几项整改完的，请写明是哪几项，如“申请复查 {short(number)}”或“第{place}项申请复查”"


def named(words: str, known: Sequence[str], places: Mapping[int, str] | None = None) -> Named:
    """Return which hazards the first line of some words names.

    Args:
        known: the numbers of those in question.
        places: of a paper, which of them stands where on it.
    """
    first, _, below = unicodedata.normalize("NFKC", words).partition("\n")
    line, places = first.strip(), places or {}
    line, beyond = line[:_MAX_LINE], line[_MAX_LINE:]
    whole = _in_full(line, places)
    found, rest = whole if whole[0] else _in_short(line, words, known, places)
    if not found:
        return Named(rest=words)
    meant = {one: _meant(one, known, places) for one in dict.fromkeys(found)}
    return Named(
        rest="\n".join(filter(None, (f"{rest}{beyond}".strip(_BLANKS), below))),
        numbers=tuple(dict.fromkeys(one[0] for one in meant.values() if len(one) == 1)),
        unknown=tuple(name for name, one in meant.items() if not one),
        unclear=tuple(name for name, one in meant.items() if len(one) > 1),
    )


def mentioned(words: str, known: Sequence[str], *, least: int = 1) -> list[str]:
    """Return which hazards words may speak of, wherever in them: by a whole number, or a bare one that counts nothing.

    Args:
        least: a bare number below this is none.
    """
    text = unicodedata.normalize("NFKC", words)
    found = {_full(match) for match in _FULL.finditer(text)}
    bare = {int(match["serial"]) for match in _LOOSE.finditer(_FULL.sub(" ", text))}
    return [number for number in known if number in found or (short(number) >= least and short(number) in bare)]


def _in_full(line: str, places: Mapping[int, str]) -> tuple[list[str], str]:
    """Return what a line names by whole numbers and by places: in its first clauses, where these ask for something."""
    for end in (*(mark.start() for mark in islice(_CLAUSE.finditer(line), _MAX_CLAUSES)), len(line)):
        found, rest = _taken_out(line[:end], places)
        if found and acts(rest):
            return found, rest + line[end:]
    return _taken_out(line, places)


def _taken_out(line: str, places: Mapping[int, str]) -> tuple[list[str], str]:
    found = list[str]()

    def whole(match: re.Match[str]) -> str:
        found.append(_full(match))
        return "\0"

    def standing(match: re.Match[str]) -> str:
        found.extend(places.get(n, f"第{n}项") for n in _listed(match["list"]))
        return "\0"

    line = _FULL.sub(whole, line)
    return found, _GONE.sub(" ", _PLACES.sub(standing, line) if places else line).strip(_BLANKS)


def _in_short(line: str, words: str, known: Sequence[str], places: Mapping[int, str]) -> tuple[list[str], str]:
    """Return what a line names by short numbers. 签收 1, 1 and 1，收到 are the answer 1 where no hazard is the first."""
    whole = read_wish(words, date.min)
    for match in filter(None, (pattern.fullmatch(line) for pattern in (*_BEFORE, *_BEHIND, _LAST))):
        serials, said = _listed(match["list"]), match.groupdict()
        verb = (said.get("verb") or "").rstrip(_BLANKS)
        rest = f"{verb}{said['rest']}".strip(_BLANKS)
        fitting = [bool(_meant(str(n), known, places)) for n in serials]
        answer = whole.kind == "sign" and (not whole.text or (serials == [1] and not verb))
        if serials and acts(rest) and _bare(verb) and (any(fitting) or not answer):
            return [str(n) for n in serials], rest
        told_of = said.get("gap") is not None and (said["gap"] or "号" in said["list"]) and serials != [1]
        if told_of and fitting == [True]:
            return [str(n) for n in serials], rest
    return [], words


def _bare(verb: str) -> bool:
    """Tell whether words before a number do nothing but ask: 更换灯管 20 names none."""
    wish = read_wish(verb, date.min)
    return not verb or wish.kind == "return" or not wish.text


def acts(words: str) -> bool:
    """Tell whether words beside a number ask for something, also for what is not done yet; of 退回 only where that is all."""
    wish = read_wish(words, date.min, of_some=True)
    timed = wish.kind == "extend" and (wish.until is not None or wish.days is not None)
    back = wish.kind == "return" and len(words) <= _SHORT and _BACK.match(words) is not None
    return wish.kind in ("sign", "submit", "forbidden") or wish.undone or timed or back


def _listed(text: str) -> list[int]:
    """Return the numbers of a list, with those between where it is a range; [] where it is none, such as a date."""
    parts = re.split(r"\s*([、,和及与至到~-]|\s)\s*", re.sub(r"[第号]", "", text).strip())
    found = [number_of(parts[0])]
    for sign, part in zip(parts[1::2], parts[2::2], strict=True):
        number = number_of(part)
        if sign in "至到~-" and not 0 < number - found[-1] < MOST_NAMED:
            return []
        found.extend(range(found[-1] + 1, number) if sign in "至到~-" else ())
        found.append(number)
    return found


def _meant(name: str, known: Sequence[str], places: Mapping[int, str]) -> list[str]:
    """Return which hazards a number may mean: the one that bears it, and the one that stands there on the paper."""
    if not name.isdigit():
        return [name] if name in known else []
    return list(dict.fromkeys(_bearing(int(name), known, places)))


def _bearing(serial: int, known: Sequence[str], places: Mapping[int, str]) -> Iterator[str]:
    yield from (number for number in known if short(number) == serial)
    if serial in places:
        yield places[serial]


def _full(match: re.Match[str]) -> str:
    year, serial = match["year"] or match["year_"], match["serial"] or match["serial_"]
    return f"{match['head'].upper()}-{year}-{int(serial):06d}"

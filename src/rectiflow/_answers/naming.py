"""Which hazard a short message speaks of: the one whose number it names, the only one to be signed for, or the last told.

Numbers count as people write them: LZH-2024-000002, 000002, 2. Only a hazard that this telephone was told of is meant.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from rectiflow.engine.moments import local_day
from rectiflow.engine.paper_letters import paper_named
from rectiflow.notifiers.digest import LISTS
from rectiflow.notifiers.parameters import SIGNABLE
from rectiflow.notifiers.phone import spellings
from rectiflow.notifiers.wish import read_wish
from rectiflow.storage import incoming
from rectiflow.storage.incoming import OutboxRow
from rectiflow.storage.paperwork import paper_items

if TYPE_CHECKING:
    from datetime import datetime

    from rectiflow._workplace import Workplace
    from rectiflow.notifiers.wish import WishKind

__all__ = ["ANSWERABLE", "Meant", "meant", "meant_of_digest"]

ANSWERABLE = timedelta(days=3)  #: how long a short message answers what was sent
MOST_LISTED = 5  #: numbers that are told at once: a short message is short
_FULL = re.compile(r"(?P<head>[A-Z][A-Z0-9]{1,7}-\d{4}-)(?P<serial>\d{1,6})(?!\d)", re.IGNORECASE)
_FIRST = re.compile(r"(?P<serial>\d{1,6})(?:号|\s|[,:、])\s*(?P<rest>\D.*)")
_LAST = re.compile(r"(?P<rest>.*\D)(?P<serial>\d{1,6})号?[.。]?")
_SHORT = 8  #: characters of words that say nothing but 退回
_BLANKS = " ,，:：、;；"


class Meant(Struct, frozen=True, kw_only=True):
    """The message that was answered, and the words without the number; `ask` is what to ask back where it is not clear.

    What is asked back is about no hazard: nobody knows which was meant.
    """

    message: OutboxRow | None
    words: str
    ask: str = ""


def meant(place: Workplace, phone: str, words: str, when: datetime, last: OutboxRow | None) -> Meant:
    """Tell what a short message speaks of.

    Args:
        when: it was written; what was sent later is not meant.
        last: the message that it answers where it says nothing else.
    """
    flow, since = place.flow, when - ANSWERABLE
    rows = incoming.told_to(flow.store.engine, flow.district, spellings(phone), since=since, until=when)
    return _meant(place, words, when, _with_digested(place, rows), last, "三天内没有给这个号码发过 {number}，没有办理")


def meant_of_digest(place: Workplace, digest: OutboxRow, words: str, when: datetime) -> Meant:
    """Tell what an answer to a digest speaks of: a hazard that it names, or the only one there that is to be signed for."""
    return _meant(place, words, when, _with_digested(place, [digest]), digest, "这份汇总里没有 {number}，没有办理")


def _with_digested(place: Workplace, rows: Iterable[OutboxRow]) -> list[OutboxRow]:
    """Return messages, and behind each digest what it took in."""
    engine, district, found = place.flow.store.engine, place.flow.district, list[OutboxRow]()
    for row in rows:
        found += [row, *(incoming.taken_in(engine, district, row.key) if row.template in LISTS else ())]
    return found


def _meant(
    place: Workplace, words: str, when: datetime, rows: Sequence[OutboxRow], last: OutboxRow | None, unknown: str
) -> Meant:
    """Tell which of these messages is meant, the latest first. `unknown`: what is said of a number that none is about."""
    told = {number: row for row in reversed(rows) for number in _numbers(place, row)}
    named, rest = _named(words, told)
    kind = read_wish(rest, local_day(when)).kind
    if len(named) > 1:
        return Meant(message=last, words=words, ask=f"{_listed(named)}请一条一条回复，写完整的编号")
    if named:
        row = told.get(named[0])
        if row is None:
            asked = f"{unknown.format(number=named[0])}{_example(kind, told)}"
            return Meant(message=last, words=words, ask=asked)
        one = row if kind == "sign" else replace(row, number=named[0], key="")  # of a notice only this hazard
        return Meant(message=one, words=rest)
    if kind not in ("sign", "return"):
        return Meant(message=last, words=words)
    unsigned = {paper_named(row.key) or row.number: row for row in rows if _is_unsigned(place, row)}
    if len(unsigned) > 1:
        numbers = [row.number or "" for row in unsigned.values()]
        reply = "签收" if kind == "sign" else "退回"
        return Meant(
            message=last, words=words, ask=f"有{len(numbers)}条待签收：{_listed(sorted(numbers))}请回复 {reply} 编号"
        )
    return Meant(message=next(iter(unsigned.values()), last), words=words)


def _named(words: str, told: dict[str, OutboxRow]) -> tuple[list[str], str]:
    """Return the numbers that words name, and the words without them; a short number only where a told hazard bears it."""
    first, _, below = unicodedata.normalize("NFKC", words).partition("\n")
    if full := _FULL.findall(first):
        rest = "\n".join(filter(None, (_FULL.sub(" ", first).strip(_BLANKS), below)))
        return list(dict.fromkeys(f"{head.upper()}{int(serial):06d}" for head, serial in full)), rest
    for pattern in (_LAST, _FIRST):
        if found := pattern.fullmatch(first.strip()):
            rest = "\n".join(filter(None, (found["rest"].strip(_BLANKS), below)))
            fitting = [n for n in told if int(n.rpartition("-")[2]) == int(found["serial"])]
            acts = _acts(rest)
            if fitting and (acts or (pattern is _FIRST and int(found["serial"]) != 1)):
                return fitting, rest
            if acts and not fitting and read_wish(words, date.min).kind != "sign":  # 签收 1 is the answer 1
                return [found["serial"]], rest
    return [], words


def _acts(rest: str) -> bool:
    """Tell whether words beside a number ask for something; of 退回 only where that is all they say."""
    kind = read_wish(rest, date.min).kind
    return kind in ("sign", "submit", "forbidden") or (kind == "return" and len(rest) <= _SHORT)


def _example(kind: WishKind, told: dict[str, OutboxRow]) -> str:
    """Show how a number is written, by the last that was told."""
    number = next(reversed(told), None)
    verb = {"submit": "申请复查", "return": "退回"}.get(kind, "签收")
    return f"；请写消息里的编号，如“{verb} {int(number.rpartition('-')[2])}”" if number else ""


def _numbers(place: Workplace, row: OutboxRow) -> list[str]:
    paper = paper_named(row.key)
    found = paper_items(place.flow.store.engine, place.flow.district, paper) if paper else [row.number]
    return [number for number in found if number]


def _is_unsigned(place: Workplace, row: OutboxRow) -> bool:
    """Tell whether a message asks for a receipt that has not been given."""
    if row.template not in SIGNABLE:
        return False
    snapshots = (place.flow.snapshot(number) for number in _numbers(place, row))
    return any(s.workflow.states[s.case.state].stage == "assigned" for s in snapshots)


def _listed(numbers: list[str]) -> str:
    more = f"等{len(numbers)}条" if len(numbers) > MOST_LISTED else ""
    return f"{'、'.join(numbers[:MOST_LISTED])}{more}，"

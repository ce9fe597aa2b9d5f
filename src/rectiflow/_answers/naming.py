"""Which hazard an answer speaks of: the one whose number it names, the only one to be signed for, or the last told.

Only a hazard that this telephone was told of is meant. An answer to a paper may name some of its items.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from rectiflow.engine.moments import local_day
from rectiflow.engine.paper import items_of
from rectiflow.engine.paper_letters import paper_named
from rectiflow.notifiers.digest import LISTS
from rectiflow.notifiers.parameters import EXTENSION, SIGNABLE
from rectiflow.notifiers.phone import spellings
from rectiflow.notifiers.wish import read_wish
from rectiflow.storage import incoming
from rectiflow.storage.incoming import OutboxRow
from rectiflow.storage.paperwork import paper_items

from .acting import STEPS, handing_in_trigger, signing_trigger
from .numbers import how_to_name, mentioned, named, short

if TYPE_CHECKING:
    from datetime import datetime

    from rectiflow._workplace import Workplace
    from rectiflow.notifiers.wish import WishKind

__all__ = ["ANSWERABLE", "Meant", "meant", "meant_of_digest", "meant_of_mail", "paper_of"]

ANSWERABLE = timedelta(days=3)  #: how long a short message answers what was sent
_SURELY = 10  #: a bare number below this, in a sentence, mostly counts something
_ONE = re.compile(r"^\W*(?:回复?)?\W*1(?!\d)")  #: the answer 1
MOST_LISTED = 5  #: numbers that are told at once: a short message is short
_RECEIPT = re.compile(r"(?:[^:]+:)?answer:[0-9a-f]+:(?P<paper>.+)")  #: the key of what answers an answer about a paper


class Meant(Struct, frozen=True, kw_only=True):
    """The message that was answered, and the words without the number; `ask` is what to ask back where it is not clear.

    `items`: the hazards that are named, where they are several or some of a paper's. What is asked back about no hazard:
    nobody knows which was meant.
    """

    message: OutboxRow | None
    words: str
    ask: str = ""
    items: tuple[str, ...] = ()


def meant(place: Workplace, phone: str, words: str, when: datetime, last: OutboxRow | None) -> Meant:
    """Tell what a short message speaks of.

    Args:
        when: it was written; what was sent later is not meant.
        last: the message that it answers where it says nothing else.
    """
    flow, since = place.flow, when - ANSWERABLE
    rows = incoming.told_to(flow.store.engine, flow.district, spellings(phone), since=since, until=when)
    rows = _with_digested(place, rows)
    found = _meant(place, words, when, rows, last, "三天内没有给这个号码发过 {number}，没有办理")
    return found or _of_no_number(place, words, when, rows, last)


def meant_of_digest(place: Workplace, digest: OutboxRow, words: str, when: datetime) -> Meant:
    """Tell what an answer to a digest speaks of: a hazard that it names, or the only one there that is to be signed for."""
    rows = _with_digested(place, [digest])
    found = _meant(place, words, when, rows, digest, "这份汇总里没有 {number}，没有办理")
    return found or _of_unsigned(place, words, when, rows, digest) or Meant(message=digest, words=words)


def meant_of_mail(place: Workplace, message: OutboxRow, words: str, when: datetime) -> Meant:
    """Tell what an answer to a mail about a hazard or a paper speaks of."""
    paper = paper_of(message.key)
    if paper is not None:
        return _of_paper(place, message, paper, words, when)
    own = (message.number,) if message.number else ()
    found = named(words, own)
    if not found.unknown or not own or read_wish(found.rest, local_day(when)).kind not in STEPS:
        return Meant(message=message, words=found.rest if found.numbers else words)
    said = f"没有办理，这封邮件说的是 {own[0]}，不是 {'、'.join(found.unknown)}；请回复那一条的邮件"
    return Meant(message=message, words=words, ask=said)


def _of_paper(place: Workplace, message: OutboxRow, paper: str, words: str, when: datetime) -> Meant:
    """Tell which items of a paper are meant; `ask` where some are handed in, and it is not said clearly which."""
    numbers = paper_items(place.flow.store.engine, place.flow.district, paper)
    items = items_of(map(place.flow.snapshot, numbers), paper)
    standing = {i.paper.place: i.number for i in items if not i.off}
    known = tuple(standing.values())
    found = named(words, known, standing)
    kind = read_wish(found.rest, local_day(when), of_some=bool(found.numbers)).kind
    wrong = (*found.unknown, *found.unclear)
    if wrong and kind in STEPS:
        said = "没有办理，这件文书上没有" if found.unknown else "没有办理，看不出是这件文书上的哪一项："
        ask = "；".join(filter(None, (f"{said}{'、'.join(wrong)}", how_to_name(standing))))
        return Meant(message=message, words=words, ask=ask)
    if found.numbers:
        return Meant(message=message, words=found.rest, items=found.numbers)
    spoken = mentioned(words, known, least=_SURELY) if kind == "submit" else []
    if spoken and len(spoken) < len(known):
        ask = f"没有办理“申请复查”，来信只说到{_listed(spoken)}{how_to_name(standing)}"
        return Meant(message=message, words=words, ask=ask)
    return Meant(message=message, words=words)


def paper_of(key: str) -> str | None:
    """Return the paper that a message is about, by the message's key: what tells of it, and what answers an answer."""
    found = _RECEIPT.fullmatch(key)
    return found["paper"] if found else paper_named(key)


def _with_digested(place: Workplace, rows: Iterable[OutboxRow]) -> list[OutboxRow]:
    """Return messages, and behind each digest what it took in."""
    engine, district, found = place.flow.store.engine, place.flow.district, list[OutboxRow]()
    for row in rows:
        found += [row, *(incoming.taken_in(engine, district, row.key) if row.template in LISTS else ())]
    return found


def _meant(
    place: Workplace, words: str, when: datetime, rows: Sequence[OutboxRow], last: OutboxRow | None, unknown: str
) -> Meant | None:
    """Tell which of these messages is meant by its number, the latest first; None where no number is named.

    Args:
        unknown: what is said of a number that none is about.
    """
    told = _told(place, rows)
    found = named(words, tuple(told))
    kind = read_wish(found.rest, local_day(when), of_some=True).kind
    if found.unknown or found.unclear:
        said = unknown.format(number="、".join((*found.unknown, *found.unclear)))
        return Meant(message=last, words=words, ask=f"{said}{_example(kind, told)}")
    if not found.numbers:
        return None
    meant = [told[number] for number in found.numbers]
    papers = {paper_named(row.key) for row in meant} if kind == "sign" else {None}
    if len(papers) > 1 or len({row.recipient for row in meant}) > 1:
        return Meant(message=last, words=words, ask=f"{_listed(list(found.numbers))}请一条一条回复，写完整的编号")
    if None not in papers:
        return Meant(message=meant[0], words=found.rest, items=found.numbers)  # a paper is signed for as a whole
    one = replace(meant[0], number=found.numbers[0], key="")  # of a notice only this hazard
    return Meant(message=one, words=found.rest, items=found.numbers if len(found.numbers) > 1 else ())


def _of_no_number(
    place: Workplace, words: str, when: datetime, rows: Sequence[OutboxRow], last: OutboxRow | None
) -> Meant:
    """Tell what a short message without a number speaks of: the only hazard that it can be about, else the last told."""
    told, wish = _told(place, rows), read_wish(words, local_day(when))
    plain = _ONE.sub("", unicodedata.normalize("NFKC", words), count=1) if wish.kind == "sign" else words
    if loose := mentioned(plain, tuple(told), least=_SURELY if wish.kind == "comment" else 1):
        return Meant(message=last, words=words, ask=f"短信里提到{_listed(loose)}没有办理{_example(wish.kind, told)}")
    found = _of_unsigned(place, words, when, rows, last)
    if found is None and wish.kind in ("submit", "extend"):
        found = _of_fitting(place, words, told, wish.kind, last)
    return found or Meant(message=last, words=words)


def _of_unsigned(
    place: Workplace, words: str, when: datetime, rows: Sequence[OutboxRow], last: OutboxRow | None
) -> Meant | None:
    """Tell what is signed for, or sent back: the only hazard or paper that waits for a signature; of several ask which."""
    kind = read_wish(words, local_day(when)).kind
    if kind not in ("sign", "return"):
        return None
    unsigned = {paper_named(row.key) or row.number: row for row in rows if _is_unsigned(place, row)}
    if len(unsigned) > 1:
        numbers = sorted(row.number or "" for row in unsigned.values())
        reply = "签收" if kind == "sign" else "退回"
        ask = f"有{len(numbers)}条待签收：{_listed(numbers)}请回复 {reply} 编号"
        return Meant(message=last, words=words, ask=ask)
    return Meant(message=next(iter(unsigned.values()), last), words=words)


def _of_fitting(
    place: Workplace, words: str, told: Mapping[str, OutboxRow], kind: WishKind, last: OutboxRow | None
) -> Meant | None:
    """Tell what is handed in, or needs more time: the only hazard or paper that can; of several ask which."""
    fitting = [number for number in told if _fits(place, number, kind)]
    groups = {paper_named(told[number].key) or number for number in fitting}
    if len(groups) > 1:
        what = "申请复查" if kind == "submit" else "申请延期"
        example = f"申请复查 {short(fitting[0])}" if kind == "submit" else f"{short(fitting[0])} {EXTENSION}"
        ask = f"有{len(fitting)}条可以{what}：{_listed(sorted(fitting))}请写明编号，如“{example}”"
        return Meant(message=last, words=words, ask=ask)
    if len(fitting) == 1:
        return Meant(message=replace(told[fitting[0]], number=fitting[0], key=""), words=words)
    return Meant(message=told[fitting[0]], words=words) if fitting else None


def _fits(place: Workplace, number: str, kind: WishKind) -> bool:
    """Tell whether a hazard can be handed in now; or have more time, which it can have before it is signed for, too."""
    snapshot = place.flow.snapshot(number)
    return handing_in_trigger(snapshot) is not None or (kind == "extend" and signing_trigger(snapshot) is not None)


def _told(place: Workplace, rows: Sequence[OutboxRow]) -> dict[str, OutboxRow]:
    """Return the hazards that messages are about, each with the latest, the one told last at the end."""
    return {number: row for row in reversed(rows) for number in _numbers(place, row)}


def _example(kind: WishKind, told: Mapping[str, OutboxRow]) -> str:
    """Show how a number is written, by the last that was told."""
    number = next(reversed(list(told)), None)
    verb = {"submit": "申请复查", "return": "退回", "extend": "申请延期"}.get(kind, "签收")
    return f"；请写消息里的编号，如“{verb} {short(number)}”" if number else ""


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

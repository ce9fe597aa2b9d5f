"""Papers over one or more hazards (文书): drafted, signed, served, answered and re-inspected item by item, in one go."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from rectiflow._views import seen
from rectiflow.engine import drafting, papers
from rectiflow.engine import paper as of_paper
from rectiflow.engine.decision import Decision, Refusal
from rectiflow.engine.errors import Ambiguous, Conflict, NotFound, Refused
from rectiflow.engine.hands import hand_reasons
from rectiflow.engine.paper import Item, Order, Plan, paper_id
from rectiflow.engine.roles import people, standing
from rectiflow.engine.ticket import Document, Snapshot, Ticket
from rectiflow.engine.visibility import may_see
from rectiflow.engine.vocabulary import PAPERS
from rectiflow.storage import paperwork
from rectiflow.storage.store import Beside

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = [
    "PaperLine",
    "Taken",
    "draft_paper",
    "find_paper",
    "items_of",
    "kind_of",
    "paper_line",
    "paper_lines",
    "take_step",
]

_TRIES = 5
_SHORT = re.compile(r"[W文](\d{1,6})")
_WHOLE = re.compile(r"((?:[A-Z][A-Z0-9]{1,7}-)?W\d{4})-(\d{1,6})")


class Taken(Struct, frozen=True, kw_only=True):
    """A step that was taken, or (dry) would be: the paper as it then is, and what became of each hazard."""

    plan: Plan
    decisions: tuple[Decision, ...]
    tickets: tuple[Ticket, ...]
    paper: Document
    dry: bool = False


class PaperLine(Struct, frozen=True, kw_only=True):
    """One paper in a list; `answered`, `passed` and `closed` count its items."""

    id: str
    kind: str
    title: str
    number: str | None
    status: str
    unit: str
    items: tuple[str, ...]
    answered: int
    passed: int
    closed: int
    drafted_on: date
    signed_on: date | None
    signed_by: str
    served_on: date | None
    acknowledged_on: date | None
    signers: tuple[str, ...]
    inspection: str | None
    corrects: str | None
    mine: bool


def kind_of(text: str) -> str:
    """Return the kind of paper a word stands for: its id, its title or a beginning of one.

    Raises:
        NotFound: it is none. Ambiguous: it fits several.
    """
    text = text.strip()
    exact = [k for k, title in PAPERS.items() if text in (k, title)]
    begun = exact or [k for k, title in PAPERS.items() if text and (title.startswith(text) or k.startswith(text))]
    if len(begun) == 1:
        return begun[0]
    if begun:
        raise Ambiguous(f"“{text}”不止一种文书：{'、'.join(PAPERS[k] for k in begun)}，请写全。")
    raise NotFound(f"没有“{text}”这种文书，有：{'、'.join(PAPERS.values())}。")


def find_paper(flow: Rectiflow, text: str) -> str:
    """Return the id of the paper that is meant: W12, 文12, W2024-12, LZH-W2024-0012, or its number 整改通知书〔2024〕5号.

    W12 is this year's where there is one.

    Raises:
        NotFound: there is none. Ambiguous: W12 of several years.
    """
    plain, engine = unicodedata.normalize("NFKC", text).strip().upper(), flow.store.engine
    short, whole = _SHORT.fullmatch(plain), _WHOLE.fullmatch(plain)
    if short is not None:
        found = paperwork.find_papers(engine, flow.district, ending=f"-{int(short[1]):04d}")
    elif whole is not None:
        found = paperwork.find_papers(engine, flow.district, ending=f"{whole[1]}-{int(whole[2]):04d}")
    else:
        number = text.strip().translate(str.maketrans("[]【】", "〔〕〔〕"))
        found = paperwork.find_papers(engine, flow.district, number=number)
    current = [p for p in found if f"-W{flow.today().year}-" in p]
    if len(found) == 1 or len(current) == 1:
        return (current or found)[0]
    if not found:
        raise NotFound(f"没有文书“{text}”，请用 rectiflow notice list 查看编号（如 W12）。")
    raise Ambiguous(f"“{text}”不止一件：{'、'.join(found[:5])}，请写全。")


def items_of(flow: Rectiflow, paper: str, by: str) -> tuple[Item, ...]:
    """Return the items of a paper as a person may see them.

    Raises:
        NotFound: there is no such paper. Refused: a hazard on it is restricted and the person not involved.
    """
    numbers = paperwork.paper_items(flow.store.engine, flow.district, paper)
    if not numbers:
        raise NotFound(f"没有文书“{paper}”，请用 rectiflow notice list 查看编号。")
    return of_paper.items_of([seen(flow, n, by) for n in numbers], paper)


def draft_paper(
    flow: Rectiflow,
    kind: str,
    numbers: Sequence[str],
    order: Order,
    *,
    inspection: str | None = None,
    dry_run: bool = False,
) -> Taken:
    """Draft a paper over hazards of one unit, all or none; its id is taken when it is sure to be written.

    The visit it speaks of is the given `inspection`, else the one that found all the hazards.

    Raises:
        Refused: with every reason, each with the hazard it is about. NotFound: no such hazard.
    """
    clerk = order.hand.clerk
    on = order.hand.on or flow.today()
    inspection = inspection or paperwork.visit_of(flow.store.engine, flow.district, numbers)

    def plan(final: bool) -> Plan:
        snapshots = [seen(flow, n, clerk) for n in dict.fromkeys(numbers)]
        key = _new_id(flow, on) if final else ""
        answer = drafting.draft(kind, key, snapshots, order, on, inspection=inspection)
        if isinstance(answer, Refusal):
            more = drafting.refused_anyway(kind, snapshots, order, on, flow.now())
            answer = replace(answer, reasons=(*answer.reasons, *more))
        return _sure(flow, answer, snapshots, order)

    _decided(flow, plan(final=False))
    return _carry(flow, lambda: plan(final=not dry_run), dry_run=dry_run)


def take_step(flow: Rectiflow, step: str, paper: str, order: Order, *, dry_run: bool = False) -> Taken:
    """Take a step with a paper: sign, serve, acknowledge, reply, verify or void; all its hazards or none.

    Raises:
        Refused: with every reason, each with the item it is about. NotFound: no such paper.
        Conflict: somebody else kept being faster.
    """
    on = order.hand.on or flow.today()

    def plan(final: bool) -> Plan:
        items = items_of(flow, paper, order.hand.clerk)
        key = _new_id(flow, on) if final and step == "verify" else ""
        return _sure(flow, papers.step(step, items, order, on, new_id=key), [i.snapshot for i in items], order)

    _decided(flow, plan(final=False))
    return _carry(flow, lambda: plan(final=not dry_run), dry_run=dry_run)


def paper_lines(
    flow: Rectiflow,
    *,
    by: str,
    statuses: Sequence[str] = (),
    kinds: Sequence[str] = (),
    units: Iterable[str] = (),
    limit: int | None = None,
) -> list[PaperLine]:
    """List papers, newest first, that a person may see."""
    rows = paperwork.papers(
        flow.store.engine, flow.district, statuses=statuses, kinds=kinds, units=tuple(units), limit=limit
    )
    found = (_line(flow, row["id"], row["items"], by) for row in rows)
    return [line for line in found if line is not None]


def paper_line(flow: Rectiflow, paper: str, *, by: str) -> PaperLine:
    """Return one paper as a list shows it.

    Raises:
        NotFound: there is no such paper. Refused: a hazard on it is restricted and the person not involved.
    """
    items = items_of(flow, paper, by)
    line = _line(flow, paper, [i.number for i in items], by)
    assert line is not None
    return line


# inside -----------------------------------------------------------------------------------------------------------


def _line(flow: Rectiflow, paper: str, numbers: Sequence[str], by: str) -> PaperLine | None:
    snapshots = [flow.snapshot(n) for n in numbers]
    today = flow.today()
    if not all(may_see(s.workflow, s.case, s.directory, by, today, s.requests) for s in snapshots):
        return None
    items = of_paper.items_of(snapshots, paper)
    first, document = items[0].snapshot, items[0].paper
    roles = (document.signer,) if document.signer else ()
    signers = people(first.workflow, roles, first.fields, first.directory, today)
    marks = [i.snapshot.case.marks for i in items if not i.off]
    waits = document.status == "draft"
    return PaperLine(
        id=document.id,
        kind=document.kind,
        title=PAPERS.get(document.kind, document.kind),
        number=document.number,
        status=document.status,
        unit=first.directory.unit_name(document.unit),
        items=tuple(i.number for i in items),
        answered=sum(m.get("applied_on") is not None for m in marks),
        passed=sum(m.get("passed_on") is not None for m in marks),
        closed=sum(m.get("outcome") is not None for m in marks),
        drafted_on=document.drafted_on,
        signed_on=document.signed_on,
        signed_by=first.directory.person_name(document.signed_by) if document.signed_by else "",
        served_on=document.served_on,
        acknowledged_on=document.acknowledged_on,
        signers=tuple(first.directory.person_name(p) for p in signers),
        inspection=document.inspection,
        corrects=document.corrects,
        mine=waits and standing(first.workflow, roles, first.fields, first.directory, by, today) is not None,
    )


def _carry(flow: Rectiflow, plan: Callable[[], Plan], *, dry_run: bool) -> Taken:
    """Decide and carry out; decided anew when somebody else was faster with one of the hazards."""
    for _ in range(_TRIES):
        chosen = plan()
        decisions = _decided(flow, chosen)
        if dry_run:
            return _taken(chosen, decisions, [d.ticket for d in decisions], dry=True)
        texts = {chosen.paper.id: _text(flow, chosen)} if chosen.step == "sign" else {}
        try:
            voided = chosen.paper.id if chosen.step == "void" else None
            tickets = flow.carry_all(decisions, Beside(district=flow.district, texts=texts, voided=voided))
        except Conflict:
            continue
        return _taken(chosen, decisions, tickets, paper=_stored(flow, tickets[0].number, chosen.paper.id))
    raise Conflict(plan().parts[0][0].case.number)


def _taken(
    plan: Plan, decisions: Sequence[Decision], tickets: Sequence[Ticket], *, paper: Document | None = None,
    dry: bool = False,
) -> Taken:  # fmt: skip
    return Taken(plan=plan, decisions=tuple(decisions), tickets=tuple(tickets), paper=paper or plan.paper, dry=dry)


def _stored(flow: Rectiflow, number: str, paper: str) -> Document:
    return next(d for d in flow.snapshot(number).documents if d.id == paper)


def _text(flow: Rectiflow, plan: Plan) -> object:
    from rectiflow._print import frozen

    return frozen(flow, [Item(snapshot=s, paper=p.document) for s, p in plan.parts])


def _sure(flow: Rectiflow, answer: Plan | Refusal, snapshots: Sequence[Snapshot], order: Order) -> Plan:
    """Return the plan, or refuse with what is wrong with the paper and with the hand, all at once."""
    if isinstance(answer, Refusal):
        hand = hand_reasons(snapshots[0], order.hand, flow.now()) if snapshots else []
        raise Refused(answer.number, answer.action, list(dict.fromkeys((*answer.reasons, *hand))))
    return answer


def _decided(flow: Rectiflow, plan: Plan) -> list[Decision]:
    answer = papers.carry_out(plan, flow.now())
    if isinstance(answer, Refusal):
        raise Refused(answer.number, answer.action, answer.reasons)
    return answer


def _new_id(flow: Rectiflow, on: date) -> str:
    prefix, year = flow.directory().district.prefix, on.year
    return paper_id(prefix, year, flow.store.take_serial(flow.district, "document", year))

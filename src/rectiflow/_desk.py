"""What waits on a desk beside the main flow: requests to decide, papers to sign, calls to make, already in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from rectiflow.engine.chain import Event
from rectiflow.engine.hands import role_title
from rectiflow.engine.roles import people, standing
from rectiflow.engine.ticket import Document, Request, Snapshot
from rectiflow.engine.unreached import answerable
from rectiflow.engine.values import show
from rectiflow.engine.visibility import masked_phone, may_see
from rectiflow.engine.vocabulary import LEVELS, PAPERS
from rectiflow.storage import queries

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = [
    "PAPER_STATUS",
    "REQUEST_STATUS",
    "CallView",
    "PaperView",
    "RequestView",
    "call_views",
    "callee_of",
    "paper_view",
    "request_view",
    "request_views",
    "waiting_calls",
]

REQUEST_STATUS: Mapping[str, str] = {
    "pending": "待审批",
    "approved": "已批准",
    "rejected": "不批准",
    "withdrawn": "已撤回",
}
PAPER_STATUS: Mapping[str, str] = {
    "draft": "拟稿",
    "signed": "已签发",
    "served": "已送达",
    "acknowledged": "已签收",
    "withdrawn": "已撤稿",
    "void": "已作废",
}


class RequestView(Struct, frozen=True, kw_only=True):
    """One request with who decides it and by when; `data` are titles and texts of what was given."""

    number: str
    ordinal: int
    kind: str
    title: str
    level: str | None
    status: str
    status_title: str
    unit: str
    description: str
    asked_by: str
    asked_on: date
    deciders: tuple[str, ...]
    due_on: date | None
    decided_by: str
    decided_on: date | None
    reason: str
    data: tuple[tuple[str, str], ...]
    mine: bool


class PaperView(Struct, frozen=True, kw_only=True):
    """One paper of a hazard with who signs it; `paper` is the number it took when it was signed."""

    id: str
    number: str
    ordinal: int
    kind: str
    title: str
    level: str | None
    status: str
    status_title: str
    unit: str
    description: str
    signer: str
    signers: tuple[str, ...]
    drafted_on: date
    paper: str | None
    signed_by: str
    signed_on: date | None
    mine: bool


class CallView(Struct, frozen=True, kw_only=True):
    """One telephone call to make (电话催办): whom, about which hazards and deadline, since when.

    One conversation with a person is one call, however many hazards are late. `phone` is whole only for who is to call.
    Who was not reached by message is called himself; for a deadline, who is responsible. Who is away is not called: `callee`
    and `phone` are the deputy's, and `stands_for` names who is away.
    """

    numbers: tuple[str, ...]
    clock: str
    unit: str
    descriptions: tuple[str, ...]
    callee: str
    phone: str | None
    caller: str
    since: datetime
    mine: bool
    stands_for: str = ""
    undelivered: str = (
        ""  #: why a message did not reach them, where that is what they are called for; "" for a deadline
    )

    @property
    def cause(self) -> str:
        """What the call is for, in Chinese."""
        return "提醒没有送达" if self.undelivered else f"{self.clock}已到"


def request_views(flow: Rectiflow, *, by: str, status: str | None = "pending") -> list[RequestView]:
    """List requests of a status (None: all), oldest first."""
    rows = queries.pending_requests(flow.store.engine, flow.district, status=status)
    shown = _snapshots(flow, (r["number"] for r in rows), by)
    return [
        request_view(flow, snapshot, request, by)
        for row in rows
        if (snapshot := shown.get(row["number"])) is not None
        for request in snapshot.requests
        if request.ordinal == row["ordinal"]
    ]


def request_view(flow: Rectiflow, snapshot: Snapshot, request: Request, by: str) -> RequestView:
    """Put one request into words."""
    workflow, directory, ticket = snapshot.workflow, snapshot.directory, snapshot.case
    kind = workflow.requests.get(request.kind)
    role = kind.decider(request.level) if kind else None
    run = snapshot.clocks.get(f"decide_{request.kind}")
    pending = request.status == "pending"
    return RequestView(
        number=ticket.number,
        ordinal=request.ordinal,
        kind=request.kind,
        title=kind.title if kind else request.kind,
        level=LEVELS.get(request.level or ""),
        status=request.status,
        status_title=REQUEST_STATUS.get(request.status, request.status),
        unit=directory.unit_name(ticket.fields.get("responsible_unit")),
        description=ticket.fields.get("description") or "",
        asked_by=directory.person_name(request.asked_by) if request.asked_by else "系统",
        asked_on=request.asked_on,
        deciders=_names(flow, snapshot, role),
        due_on=run.due_on if run is not None and run.live and pending else None,
        decided_by=directory.person_name(request.decided_by),
        decided_on=request.decided_on,
        reason=request.reason,
        data=tuple(
            (workflow.fields[k].title, show(workflow, k, v, directory))
            for k, v in request.data.items()
            if k in workflow.fields and v is not None
        ),
        mine=pending and _mine(flow, snapshot, role, by),
    )


def paper_view(flow: Rectiflow, snapshot: Snapshot, paper: Document, by: str) -> PaperView:
    """Put one paper into words."""
    directory, fields = snapshot.directory, snapshot.case.fields
    return PaperView(
        id=paper.id,
        number=snapshot.case.number,
        ordinal=paper.ordinal,
        kind=paper.kind,
        title=PAPERS.get(paper.kind, paper.kind),
        level=LEVELS.get(paper.level or ""),
        status=paper.status,
        status_title=PAPER_STATUS.get(paper.status, paper.status),
        unit=directory.unit_name(paper.unit),
        description=fields.get("description") or "",
        signer=role_title(snapshot.workflow, paper.signer or ""),
        signers=_names(flow, snapshot, paper.signer),
        drafted_on=paper.drafted_on,
        paper=paper.number,
        signed_by=directory.person_name(paper.signed_by),
        signed_on=paper.signed_on,
        mine=paper.status == "draft" and _mine(flow, snapshot, paper.signer, by),
    )


def call_views(flow: Rectiflow, *, by: str) -> list[CallView]:
    """List the telephone calls that wait to be made, oldest first: one for each person, unit and deadline."""
    rows = queries.open_tasks(flow.store.engine, flow.district)
    shown = _snapshots(flow, (r["number"] for r in rows), by)
    histories = queries.histories_of(flow.store.engine, flow.district, list(shown))
    found: dict[tuple[str, ...], CallView] = {}
    for row in rows:
        snapshot = shown.get(row["number"])
        if snapshot is None:
            continue
        fields = snapshot.case.fields
        undelivered = _undelivered(histories[row["number"]], row["seq"])
        callee = _callee(snapshot, row["callee"], flow.today() if undelivered else None)
        key = (callee, fields.get("responsible_unit") or "", row["clock"], row["role"], undelivered)
        one = replace(_call_view(flow, snapshot, row, callee, by), undelivered=undelivered)
        earlier = found.get(key)
        found[key] = one if earlier is None else _together(earlier, one)
    return list(found.values())


def _call_view(flow: Rectiflow, snapshot: Snapshot, row: Mapping[str, Any], callee: str, by: str) -> CallView:
    clock, fields = snapshot.workflow.clocks.get(row["clock"]), snapshot.case.fields
    persons, today = snapshot.directory.persons, flow.today()
    away = persons.get(callee)
    deputy = next((persons[d] for d in snapshot.directory.deputies(callee, today) if d in persons), None)
    person = deputy or away
    mine, phone = _mine(flow, snapshot, row["role"], by), person.phone if person else None
    return CallView(
        numbers=(row["number"],),
        clock=clock.title if clock else row["clock"],
        unit=snapshot.directory.unit_name(fields.get("responsible_unit")),
        descriptions=(fields.get("description") or "",),
        callee=person.name if person else "",
        phone=phone if mine else masked_phone(phone),
        caller=role_title(snapshot.workflow, row["role"]),
        since=row["opened_at"],
        mine=mine,
        stands_for=away.name if away and deputy else "",
    )


def _callee(snapshot: Snapshot, named: str | None, today: date | None) -> str:
    """Return who is called: whoever a message did not reach, while he answers for the hazard `today`; else who is responsible."""
    if named and today and named in answerable(snapshot, today):
        return named
    return snapshot.case.fields.get("responsible_person") or named or ""


def _undelivered(history: Iterable[Event], seq: int) -> str:
    """Return why a message did not arrive, where that opened a call; "" where a deadline did."""
    line = next((e for e in history if e.seq == seq and e.kind == "unreached"), None)
    return str((line.private or {}).get("reason") or "原因见 rectiflow outbox list") if line else ""


def _together(call: CallView, other: CallView) -> CallView:
    return replace(
        call,
        numbers=(*call.numbers, *other.numbers),
        descriptions=(*call.descriptions, *other.descriptions),
        since=min(call.since, other.since),
    )


def callee_of(flow: Rectiflow, snapshot: Snapshot, clock: str) -> str:
    """Return who is to be called about a deadline of a hazard; "" where no call waits."""
    number = snapshot.case.number
    for row in queries.open_tasks(flow.store.engine, flow.district, number=number):
        if row["clock"] == clock:
            undelivered = _undelivered(flow.history(number), row["seq"])
            return _callee(snapshot, row["callee"], flow.today() if undelivered else None)
    return ""


def waiting_calls(flow: Rectiflow, number: str) -> list[str]:
    """Return the clocks of a hazard that wait for a call, oldest first."""
    return [r["clock"] for r in queries.open_tasks(flow.store.engine, flow.district, number=number)]


def _snapshots(flow: Rectiflow, numbers: Iterable[str], by: str) -> dict[str, Snapshot]:
    """Load each hazard once, leaving out those the person may not see."""
    found: dict[str, Snapshot] = {}
    today = flow.today()
    for number in dict.fromkeys(numbers):
        snapshot = flow.snapshot(number)
        if may_see(snapshot.workflow, snapshot.case, snapshot.directory, by, today, snapshot.requests):
            found[number] = snapshot
    return found


def _mine(flow: Rectiflow, snapshot: Snapshot, role: str | None, by: str) -> bool:
    if role is None:
        return False
    fields, directory = snapshot.case.fields, snapshot.directory
    return standing(snapshot.workflow, (role,), fields, directory, by, flow.today()) is not None


def _names(flow: Rectiflow, snapshot: Snapshot, role: str | None) -> tuple[str, ...]:
    if role is None:
        return ()
    holders = people(snapshot.workflow, (role,), snapshot.case.fields, snapshot.directory, flow.today())
    return tuple(snapshot.directory.person_name(p) for p in holders)

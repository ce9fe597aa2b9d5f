"""Databases for the tests of storage, the decisions that are carried out on them, and a small office that works."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Engine, text

from rectiflow._clock import SetClock
from rectiflow._flow import Rectiflow
from rectiflow._library import Library, calendar_for, load_library
from rectiflow.engine.calendar import WorkCalendar
from rectiflow.engine.decision import Decision, EventDraft, IncidentDraft, MessageDraft, Timer
from rectiflow.engine.directory import District, Holding, Person, Post, Substitution, Unit
from rectiflow.engine.stimulus import Attachment
from rectiflow.engine.ticket import ClockRun, Ticket, TimerKey
from rectiflow.storage import organisation
from rectiflow.storage.connect import reading
from rectiflow.storage.store import Store

HOME = District(code="420702", prefix="LZH", name="示例区教育局")
ELSEWHERE = District(code="990000", prefix="TEST", name="邻区教育局")
NOW = datetime(2024, 9, 2, 1, tzinfo=UTC)  #: Monday, nine in the morning in China
LEASE = timedelta(minutes=2)
PHOTO = Attachment(sha256="0a" * 32, name="整改后.jpg", size=3, media_type="image/jpeg")

UNITS = (
    Unit(id="bureau", name="区教育局", kind="bureau"),
    Unit(id="safety", name="安全股", kind="section", parent="bureau", aliases=("安稳股",)),
    Unit(id="town1", name="示例镇中心学校", kind="town", parent="bureau"),
    Unit(id="school1", name="示例镇第一小学", kind="school", parent="town1", aliases=("一小", "第一小学")),
    Unit(id="school2", name="示例镇第二小学", kind="school", parent="town1", active=False, successor="school1"),
)
POSTS = (
    Post(id="p-chief", unit="safety", title="股长", roles=frozenset({"safety_section", "verifier"})),
    Post(id="p-deputy", unit="safety", title="副股长", roles=frozenset({"safety_section", "verifier"})),
    Post(id="p-head", unit="school1", title="校长", roles=frozenset({"principal"})),
    Post(id="p-officer", unit="school1", title="安全副校长", roles=frozenset({"safety_officer"})),
    Post(id="p-town", unit="town1", title="安全专干", roles=frozenset({"town_supervisor", "town_leader"})),
    Post(id="p-leader", unit="bureau", title="分管副局长", roles=frozenset({"bureau_leader", "district_leader"})),
)
PERSONS = (
    Person(id="chief", name="安全股股长", phone="13800000001", email="chief@example.org", account="chief"),
    Person(id="deputy", name="安全股副股长", account="deputy", grants=frozenset({"see_restricted", "act_as"})),
    Person(id="head", name="第一小学校长", phone="13800000002"),
    Person(id="officer", name="第一小学安全副校长"),
    Person(id="town", name="中心学校安全专干"),
    Person(id="leader", name="分管副局长", email="leader@example.org"),
)
HOLDINGS = (
    Holding(post="p-chief", person="chief"),
    Holding(post="p-deputy", person="deputy", since=date(2023, 9, 1)),
    Holding(post="p-head", person="head", since=date(2022, 8, 1), until=date(2030, 7, 31)),
    Holding(post="p-officer", person="officer"),
    Holding(post="p-town", person="town"),
    Holding(post="p-leader", person="leader"),
)
SUBSTITUTIONS = (Substitution(person="head", deputy="officer", since=date(2024, 10, 1), until=date(2024, 10, 7)),)


# an office that works ---------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def builtin() -> tuple[Library, WorkCalendar]:
    """Load the built-in workflows and the calendar, once for all tests."""
    return load_library(), calendar_for("cn-workdays")


def open_office(engine: Engine, *, district: District = HOME, clock: SetClock | None = None) -> Rectiflow:
    """Register a district with its small office in a migrated database, and open it under a clock that stands still."""
    organisation.add_district(engine, district, rehearsal=True)
    organisation.write_organisation(
        engine,
        district.code,
        units=UNITS,
        posts=POSTS,
        persons=PERSONS,
        holdings=HOLDINGS,
        substitutions=SUBSTITUTIONS,
    )
    return office(engine, district=district, clock=clock)


def office(engine: Engine, *, district: District = HOME, clock: SetClock | None = None) -> Rectiflow:
    """Open a district that is registered already; what one knows of the workflows the others do not share."""
    known, calendar = builtin()
    library = Library(latest=known.latest, catalogues=known.catalogues)
    return Rectiflow(Store(engine), library, district=district.code, clock=clock or SetClock(NOW), calendar=calendar)


def reported(flow: Rectiflow, **changes: Any) -> Ticket:
    """Put a hazard of the first school on record."""
    given: dict[str, Any] = {
        "source": "bureau",
        "found_on": flow.today(),
        "category": "fire",
        "description": "教学楼二楼疏散通道堆放课桌椅",
        "unit": "school1",
        **changes,
    }
    return flow.report("hazard", by=given.pop("by", "chief"), **given)


def assigned(flow: Rectiflow, *, days: int = 10, **changes: Any) -> Ticket:
    """Put a hazard on record and assign it, due in some days."""
    number = reported(flow, **changes).number
    due = flow.today() + timedelta(days=days)
    return flow.do(number, "assign", by="chief", responsible_person="officer", due_on=due)


def lived(flow: Rectiflow, **changes: Any) -> Ticket:
    """Let a hazard live from report to close-out."""
    number = assigned(flow, **changes).number
    flow.do(number, "sign", by="head")
    flow.do(number, "submit", by="officer", measures="已清理并张贴标识", completed_on=flow.today(), evidence=[PHOTO])
    flow.do(number, "pass", by="deputy")
    return flow.do(number, "close", by="chief")


# decisions made by hand -------------------------------------------------------------------------------------------


def a_ticket(**changes: Any) -> Ticket:
    """Return a ticket as a first decision holds it: not stored yet, so without a number."""
    ticket = Ticket(
        district=HOME.code,
        number="",
        workflow="hazard",
        version=1,
        state="reported",
        rev=1,
        seq=1,
        fields={"description": "一楼疏散通道堆放课桌", "responsible_unit": "school1", "category": "fire"},
        marks={"state": "reported"},
        since=date(2024, 9, 2),
        opened_at=NOW,
    )
    return replace(ticket, **changes)


def an_event(**changes: Any) -> EventDraft:
    """Return a line of the history."""
    event = EventDraft(
        kind="reported",
        trigger="report",
        from_state=None,
        to_state="reported",
        actor="chief",
        entered_by="chief",
        via="self",
        happened_on=date(2024, 9, 2),
        recorded_at=NOW,
        public={"marks": {"state": "reported"}},
        private={"data": {"description": "一楼疏散通道堆放课桌"}},
    )
    return replace(event, **changes)


def first(ticket: Ticket | None = None, **parts: Any) -> Decision:
    """Return the decision that puts a ticket on record."""
    return Decision(ticket=ticket or a_ticket(), events=(an_event(),), **parts)


def following(stored: Ticket, *, changes: dict[str, Any] | None = None, **parts: Any) -> Decision:
    """Return a decision that changes a stored ticket once more."""
    after = replace(stored, rev=stored.rev + 1, seq=stored.seq + 1, **(changes or {}))
    event = an_event(kind="acted", trigger="assign", from_state=stored.state, to_state=after.state)
    return Decision(ticket=after, events=(event,), **parts)


def a_run(**changes: Any) -> ClockRun:
    """Return a running clock with its date."""
    run = ClockRun(
        clock="rectify", run=1, status="running", started_at=NOW, due_on=date(2024, 9, 20), edition="cn@2024"
    )
    return replace(run, **changes)


def a_key(**changes: Any) -> TimerKey:
    """Return the key of a ladder step."""
    key = TimerKey(clock="rectify", run=1, version=1, step="p1w-remind", occurrence=0)
    return key._replace(**changes)


def a_timer(at: datetime = NOW, **changes: Any) -> Timer:
    """Return a ladder step to arm."""
    return Timer(key=a_key(**changes), at=at)


def a_message(key: str = "2", recipient: str = "head", **changes: Any) -> MessageDraft:
    """Return a message to write into the outbox."""
    said = {"unit": "第一小学", "left": None}
    return replace(MessageDraft(key=f"{key}:{recipient}", recipient=recipient, template="urge", params=said), **changes)


def an_incident(key: str = "nobody:assigned", message: str = "岗位空缺") -> IncidentDraft:
    """Return something the machine could not do alone."""
    return IncidentDraft(key=key, kind="nobody", message=message)


# looking ----------------------------------------------------------------------------------------------------------


def rows(engine: Engine, query: str, **values: Any) -> list[dict[str, Any]]:
    """Ask the database something in SQL."""
    with reading(engine) as connection:
        return [dict(r) for r in connection.execute(text(query), values).mappings()]


def scalar(engine: Engine, query: str, **values: Any) -> Any:
    """Ask the database one thing in SQL."""
    with reading(engine) as connection:
        return connection.scalar(text(query), values)


def count(engine: Engine, table: str) -> int:
    """Count the rows of one of our tables."""
    return int(scalar(engine, f"SELECT count(*) FROM rectiflow_{table}"))  # noqa: S608 a name in a test


def counts(engine: Engine) -> dict[str, int]:
    """Count the rows of every table that a decision writes."""
    names = "ticket event private clock timer request document document_item task message evidence incident counter"
    return {name: count(engine, name) for name in names.split()}

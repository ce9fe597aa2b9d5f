"""What a decision says is what is loaded again: every field, on every database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import NODEFAULT
from msgspec.structs import fields, replace

from rectiflow._flow import Rectiflow
from rectiflow.engine.chain import check_chain
from rectiflow.engine.ticket import Document, Request, Taken
from rectiflow.storage import queries
from rectiflow.storage.store import Store
from support.stores import HOME, NOW, PHOTO, a_run, a_ticket, an_event, assigned, first, following, lived, rows

SHANGHAI = ZoneInfo("Asia/Shanghai")
TRICKY = "“一楼'南侧';--\\\"\n\t疏散通道”🧯𠀀 %s %(x)s ?1 :name {}"

texts = st.one_of(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30), st.just(TRICKY))
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
counts = st.dictionaries(texts, st.integers(0, 999), max_size=4)
mappings = st.dictionaries(texts, plain, max_size=4)
days = st.dates(date(1, 1, 1), date(9999, 12, 31))
moments = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 made aware here
every_database = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def full_ticket() -> Any:
    """Return a ticket with something in every field."""
    return a_ticket(
        fields={"description": TRICKY, "responsible_unit": "school1", "nothing": None, "list": ["甲", None, {"a": 1}]},
        taken={"report": (Taken("chief", "", "deputy"), Taken("head", "leader", "head"))},
        marks={"due_on": "2024-09-20", "count": 3, "flag": True, "none": None},
        since=date(2024, 8, 31),
        opened_at=datetime(2024, 9, 2, 9, 30, 15, 123456, tzinfo=SHANGHAI),
        severity="major",
        listed="district",
        restricted=True,
        key="host-“4711”",
    )


def full_run() -> Any:
    """Return a clock run with something in every field."""
    return a_run(
        status="paused",
        due_at=NOW + timedelta(days=3, microseconds=1),
        version=4,
        original_due_on=date(2024, 9, 10),
        budget=864000,
        consumed=1234,
        running_since=NOW + timedelta(hours=1),
        provisional=True,
        handed_in_on=date(2024, 9, 12),
        ended_on=date(2024, 9, 13),
        fired={"p1w-remind": 3, "期": 1},
        next_step="p10w-remind",
        next_occurrence=7,
        next_at=NOW + timedelta(days=9),
    )


def full_request() -> Request:
    """Return a request with something in every field."""
    return Request(
        ordinal=2,
        kind="listing",
        status="approved",
        level="district",
        asked_by="chief",
        asked_on=date(2024, 9, 3),
        decided_by="leader",
        decided_on=date(2024, 9, 4),
        data={"new_due_on": "2024-10-01", "why": TRICKY, "none": None},
        reason=TRICKY,
    )


def full_document() -> Document:
    """Return a paper with something in every field."""
    return Document(
        id="D-1",
        kind="listing_notice",
        unit="school1",
        status="signed",
        level="district",
        signer="district_leader",
        request=2,
        drafted_on=date(2024, 9, 4),
        number="挂牌督办通知书〔2024〕7号",
        signed_by="leader",
        signed_on=date(2024, 9, 5),
        drafted_by="chief",
        served_on=date(2024, 9, 6),
        served_by="chief",
        served_via="in-person",
        acknowledged_on=date(2024, 9, 7),
        acknowledged_by="head",
        inspection="LZH-J2024-0001",
        corrects="LZH-W2024-0001",
        reason=TRICKY,
        ordinal=3,
        place=2,
    )


def unset(value: Any, *, but: tuple[str, ...]) -> list[str]:
    """Return the fields of a record that still hold their default."""
    made = {f.name: f.default if f.default_factory is NODEFAULT else f.default_factory() for f in fields(value)}
    return [name for name, default in made.items() if name not in but and getattr(value, name) == default]


def test_every_field_survives(store: Store) -> None:
    """A ticket with a clock, a request and a paper is loaded the way it was decided."""
    decision = first(full_ticket(), clocks=(full_run(),), requests=(full_request(),), documents=(full_document(),))
    stored = store.apply(decision, prefix="LZH")
    loaded = store.load(stored.number)
    assert stored == replace(full_ticket(), number="LZH-2024-000001", head=stored.head)
    assert loaded.ticket == stored
    assert loaded.clocks == {"rectify": full_run()}
    assert loaded.requests == (full_request(),)
    assert loaded.documents == (full_document(),)
    assert (loaded.revision, len(stored.head)) == (1, 64)


def test_the_records_of_this_test_leave_nothing_out() -> None:
    """A field added to a record has to be added here: none of them holds its default."""
    assert unset(full_ticket(), but=("number", "rev", "seq", "head")) == []
    assert unset(full_run(), but=()) == []
    assert unset(full_request(), but=()) == []
    assert unset(full_document(), but=()) == []


def test_what_is_empty_stays_empty(store: Store) -> None:
    """None, nothing and false come back as what they were."""
    ticket = a_ticket(fields={}, marks={}, taken={}, key=None, listed=None)
    run = a_run(due_on=None, edition="")
    request = Request(ordinal=1, kind="funding", status="pending", asked_on=date(2024, 9, 2))
    paper = Document(kind="supervision_letter", unit=None, drafted_on=date(2024, 9, 2), ordinal=1)
    stored = store.apply(first(ticket, clocks=(run,), requests=(request,), documents=(paper,)), prefix="LZH")
    loaded = store.load(stored.number)
    assert loaded.ticket == stored == replace(ticket, number=stored.number, head=stored.head)
    assert loaded.clocks == {"rectify": run}
    assert loaded.requests == (request,)
    assert loaded.documents == (replace(paper, id="LZH-W2024-0001"),)


def test_what_a_decision_does_not_name_stays(store: Store) -> None:
    """A second decision overwrites the clock, the request and the paper it names, and nothing else."""
    stored = store.apply(
        first(clocks=(a_run(), a_run(clock="assign")), requests=(full_request(),), documents=(full_document(),)),
        prefix="LZH",
    )
    ended = a_run(status="met", ended_on=date(2024, 9, 9))
    later = store.apply(following(stored, changes={"state": "assigned"}, clocks=(ended,)), prefix="LZH")
    loaded = store.load(stored.number)
    assert loaded.ticket == later
    assert loaded.clocks == {"rectify": ended, "assign": a_run(clock="assign")}
    assert (loaded.requests, loaded.documents) == ((full_request(),), (full_document(),))


def test_only_the_latest_run_of_a_clock_is_loaded(store: Store) -> None:
    """An older run stays in the database and out of the snapshot."""
    stored = store.apply(first(clocks=(a_run(),)), prefix="LZH")
    older, newer = a_run(status="met"), a_run(run=2, due_on=date(2024, 10, 1))
    store.apply(following(stored, clocks=(older, newer)), prefix="LZH")
    assert store.load(stored.number).clocks == {"rectify": newer}
    assert [r["status"] for r in rows(store.engine, "SELECT status FROM rectiflow_clock ORDER BY run")] == [
        "met",
        "running",
    ]


@every_database
@given(values=mappings, public=mappings, private=mappings, since=days, opened=moments)
def test_any_value_survives_and_the_chain_holds(
    store: Store,
    values: dict[str, Any],
    public: dict[str, Any],
    private: dict[str, Any],
    since: date,
    opened: datetime,
) -> None:
    """Chinese, quotes, emoji, nulls and nesting come back as they went in, and hash to what they hashed to."""
    ticket = a_ticket(fields=values, marks=public, since=since, opened_at=opened)
    decision = replace(first(ticket), events=(an_event(public=public, private=private),))
    stored = store.apply(decision, prefix="LZH")
    loaded = store.load(stored.number).ticket
    assert loaded == stored
    assert (loaded.fields, loaded.marks, loaded.since, loaded.opened_at) == (values, public, since, opened)
    events = queries.events_of(store.engine, HOME.code, stored.number)
    assert [(e.public, e.private) for e in events] == [(public, private)]
    assert check_chain(stored.number, events, loaded.head) == ()


@every_database
@given(run=st.builds(a_run, due_on=st.none() | days, due_at=st.none() | moments, started_at=moments, fired=counts))
def test_any_instant_and_day_survives(store: Store, run: Any) -> None:
    """Days of any year and instants to the microsecond come back exactly."""
    stored = store.apply(first(clocks=(run,)), prefix="LZH")
    assert store.load(stored.number).clocks == {"rectify": run}


def test_a_whole_life_is_in_the_history(flow: Rectiflow) -> None:
    """Six lines from report to close-out, chained, each with its private part; the file is named with the ticket."""
    ticket = lived(flow, description=TRICKY)
    history = flow.history(ticket.number)
    assert [e.trigger for e in history] == ["report", "assign", "sign", "submit", "pass", "close"]
    assert [e.seq for e in history] == [1, 2, 3, 4, 5, 6]
    assert check_chain(ticket.number, history, ticket.head) == ()
    assert history[0].private is not None
    assert history[0].private["data"]["description"] == TRICKY
    assert [e["sha256"] for e in queries.evidence_of(flow.store.engine, HOME.code, ticket.number)] == [PHOTO.sha256]
    assert flow.ticket(ticket.number) == ticket


def test_what_is_private_is_not_in_the_public_part(flow: Rectiflow) -> None:
    """The description of a hazard stands in the private table and in the ticket, nowhere in the event."""
    number = assigned(flow, description="独一无二的描述").number
    public = rows(flow.store.engine, "SELECT * FROM rectiflow_event WHERE number = :n", n=number)
    assert "独一无二" not in str(public)
    assert "独一无二" in str(rows(flow.store.engine, "SELECT body FROM rectiflow_private WHERE number = :n", n=number))

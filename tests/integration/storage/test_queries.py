"""Lists answer what a plain loop over everything would answer."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Engine

from rectiflow._flow import Rectiflow
from rectiflow.engine.decision import CallTask, Decision
from rectiflow.engine.errors import NotFound
from rectiflow.engine.ticket import ClockRun, Document, Request, Ticket
from rectiflow.storage import queries
from rectiflow.storage.connect import writing
from rectiflow.storage.queries import TicketFilter
from rectiflow.storage.store import Store
from support.stores import (
    ELSEWHERE,
    HOME,
    NOW,
    PHOTO,
    a_message,
    a_run,
    a_ticket,
    a_timer,
    an_incident,
    assigned,
    first,
    following,
    reported,
    rows,
)

TODAY = date(2024, 9, 2)
UNITS = ("school1", "school2", "town1", None)
STATES = ("reported", "assigned", "rectifying", "closed")
CATEGORIES = ("fire", "food", "bus", None)
WORKFLOWS = ("hazard", "major_hazard")


class Case(Struct, frozen=True):
    """A ticket with its main clock, as the plain loop sees it."""

    ticket: Ticket
    run: ClockRun

    @property
    def due(self) -> date | None:
        """The date it is listed by."""
        return date.fromisoformat(self.ticket.marks["due_on"]) if self.ticket.marks.get("due_on") else None

    @property
    def open(self) -> bool:
        """Whether it has no outcome yet."""
        return not self.ticket.marks.get("outcome")


def a_case(chance: random.Random, *, district: str = HOME.code) -> Case:
    """Make up a ticket."""
    due = TODAY + timedelta(days=chance.randint(-5, 5)) if chance.random() < 0.8 else None
    outcome = chance.choice((None, None, "rectified"))
    unit, category = chance.choice(UNITS), chance.choice(CATEGORIES)
    ticket = a_ticket(
        district=district,
        workflow=chance.choice(WORKFLOWS),
        state=chance.choice(STATES),
        fields={k: v for k, v in {"responsible_unit": unit, "category": category}.items() if v},
        marks={"due_on": due.isoformat() if due else None, "outcome": outcome},
        listed=chance.choice((None, None, "town", "district")),
        restricted=chance.random() < 0.3,
    )
    run = a_run(status=chance.choice(("running", "running", "paused", "met")), due_on=due)
    return Case(ticket, run)


def fill(store: Store, count: int = 60) -> list[Case]:
    """Put tickets on record, and as many of another district between them."""
    chance, cases = random.Random(20240902), list[Case]()
    for _ in range(count):
        case = a_case(chance)
        stored = store.apply(first(case.ticket, clocks=(case.run,)), prefix="LZH")
        cases.append(replace(case, ticket=stored))
        other = a_case(chance, district=ELSEWHERE.code)
        store.apply(first(other.ticket, clocks=(other.run,)), prefix="TEST")
    return cases


def fits(case: Case, wanted: TicketFilter) -> bool:
    """Tell by hand whether a filter lets a ticket through."""
    fields, ticket, due = case.ticket.fields, case.ticket, case.due
    return all(
        (
            not wanted.units or fields.get("responsible_unit") in wanted.units,
            not wanted.states or ticket.state in wanted.states,
            not wanted.categories or fields.get("category") in wanted.categories,
            not wanted.workflows or ticket.workflow in wanted.workflows,
            wanted.open is None or case.open == wanted.open,
            not wanted.listed or ticket.listed is not None,
            wanted.restricted or not ticket.restricted,
            not wanted.undated or (case.open and due is None),
            wanted.due_by is None or (case.open and due is not None and due <= wanted.due_by),
            wanted.overdue_on is None
            or (case.open and due is not None and due < wanted.overdue_on and case.run.status == "running"),
        )
    )


def some(values: tuple[str | None, ...]) -> st.SearchStrategy[frozenset[str]]:
    """Choose some of the values, often none."""
    return st.frozensets(st.sampled_from([v for v in values if v]), max_size=2)


rarely = st.sampled_from((False, False, False, True))
near = st.none() | st.integers(-6, 6).map(lambda d: TODAY + timedelta(days=d))
filters = st.builds(
    TicketFilter,
    units=some(UNITS),
    states=some(STATES),
    categories=some(CATEGORIES),
    workflows=some(WORKFLOWS),
    open=st.none() | st.booleans(),
    overdue_on=near,
    undated=rarely,
    listed=rarely,
    due_by=near,
    restricted=st.booleans(),
)
simple = st.one_of(
    st.builds(TicketFilter, units=some(UNITS)),
    st.builds(TicketFilter, open=st.booleans(), restricted=st.booleans()),
    st.builds(TicketFilter, overdue_on=near),
    st.builds(TicketFilter, due_by=near, states=some(STATES)),
    st.builds(TicketFilter, undated=st.booleans(), listed=st.booleans()),
)


def test_lists_are_what_a_plain_loop_would_find(store: Store) -> None:
    """Any filter, on sixty tickets among as many of another district: the same tickets, in order, and counted."""
    cases = fill(store)

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.nested_given])
    @given(wanted=simple | filters, after=st.integers(0, 60), limit=st.none() | st.integers(1, 20))
    def check(wanted: TicketFilter, after: int, limit: int | None) -> None:
        expected = [c.ticket for c in cases if fits(c, wanted)]
        cursor = f"LZH-2024-{after:06d}"
        page = [t for t in expected if t.number > cursor][:limit]
        assert queries.count_tickets(store.engine, HOME.code, wanted) == len(expected)
        assert queries.tickets(store.engine, HOME.code, wanted, after=cursor, limit=limit) == page

    check()


def test_pages_follow_each_other(store: Store) -> None:
    """Reading page by page with the last number as cursor gives everything once."""
    cases = fill(store, 25)
    found, after = list[Ticket](), ""
    while page := queries.tickets(store.engine, HOME.code, TicketFilter(), after=after, limit=7):
        found += page
        after = page[-1].number
    assert found == [c.ticket for c in cases]


def test_tickets_by_number_and_by_key(store: Store) -> None:
    """Many at once, those that do not exist left out, other districts never."""
    stored = [store.apply(first(a_ticket(key=f"k{n}")), prefix="LZH") for n in range(5)]
    store.apply(first(a_ticket(key="k1", district=ELSEWHERE.code)), prefix="TEST")
    numbers = [t.number for t in stored[:3]] + ["LZH-2024-999999", "TEST-2024-000001"] * 300
    assert queries.tickets_of(store.engine, HOME.code, numbers=numbers) == stored[:3]
    assert queries.tickets_of(store.engine, HOME.code, keys=["k1", "k4", "none"]) == [stored[1], stored[4]]


def test_short_numbers(flow: Rectiflow) -> None:
    """123 stands for the newest number that ends so; what is no number passes as it is."""
    numbers = [reported(flow).number for _ in range(3)]
    with writing(flow.store.engine) as connection:
        connection.exec_driver_sql("INSERT INTO rectiflow_counter VALUES ('420702', 'ticket', 2023, 2)")
        connection.exec_driver_sql("INSERT INTO rectiflow_counter VALUES ('990000', 'ticket', 2025, 9)")
    assert [flow.find(t) for t in ("1", "000002", " 3 ", "３")] == [numbers[0], numbers[1], numbers[2], numbers[2]]
    assert queries.find_numbers(flow.store.engine, HOME.code, 2) == [numbers[1], "LZH-2023-000002"]
    assert flow.find("lzh-2024-000001") == numbers[0]
    assert flow.find("²") == "²"
    with pytest.raises(NotFound, match="没有编号以 000004 结尾的隐患"):
        flow.find("4")


def lived_a_little(store: Store) -> Ticket:
    """Put a ticket on record with something on every desk."""
    request = Request(ordinal=1, kind="listing", status="pending", level="town", asked_on=TODAY, data={"a": None})
    decision: Decision = first(
        clocks=(a_run(),),
        arm=(a_timer(),),
        requests=(request, replace(request, ordinal=2, status="rejected")),
        documents=(Document(kind="listing_notice", unit="school1", drafted_on=TODAY, ordinal=1),),
        calls=(CallTask(clock="sign", role="safety_section", callee="head", opened_at=NOW),),
        messages=(a_message(),),
        evidence=(PHOTO, PHOTO, replace(PHOTO, sha256="0b" * 32, name="整改前.jpg")),
        incidents=(an_incident(),),
    )
    return store.apply(decision, prefix="LZH")


def test_what_waits_on_the_desks(store: Store) -> None:
    """Requests, papers, calls, messages, incidents, files and steps of one district, as they were written."""
    ticket = lived_a_little(store)
    engine, number = store.engine, ticket.number
    assert [r["ordinal"] for r in queries.pending_requests(engine, HOME.code)] == [1]
    assert [r["data"] for r in queries.pending_requests(engine, HOME.code, status=None)] == [{"a": None}] * 2
    (paper,) = queries.documents(engine, HOME.code, status="draft")
    assert (paper["ticket"], paper["ordinal"], paper["id"], paper["number"]) == (number, 1, "LZH-W2024-0001", None)
    assert queries.documents(engine, HOME.code, status="signed") == []
    (call,) = queries.open_tasks(engine, HOME.code)
    assert (call["number"], call["kind"], call["callee"], call["opened_at"]) == (number, "call", "head", NOW)
    (message,) = queries.messages(engine, HOME.code, status="waiting", number=number)
    assert message["params"] == {"unit": "第一小学", "left": None, "number": number}
    (incident,) = queries.incidents(engine, HOME.code)
    assert (incident["key"], incident["number"], incident["opened_at"]) == (f"{number}:nobody:assigned", number, NOW)
    assert [e["name"] for e in queries.evidence_of(engine, HOME.code, number)] == ["整改前.jpg", "整改后.jpg"]
    assert [t["status"] for t in queries.timers_of(engine, HOME.code, number)] == ["armed"]
    for other in (queries.open_tasks, queries.incidents, queries.pending_requests, queries.documents, queries.messages):
        assert other(engine, ELSEWHERE.code) == []


def test_an_incident_is_closed_once(store: Store) -> None:
    """By whom and when is kept; a second time there is nothing to close; nor from another district."""
    lived_a_little(store)
    (incident,) = queries.incidents(store.engine, HOME.code)
    assert not queries.close_incident(store.engine, ELSEWHERE.code, incident["id"], by="chief", now=NOW)
    assert queries.close_incident(store.engine, HOME.code, incident["id"], by="chief", now=NOW)
    assert not queries.close_incident(store.engine, HOME.code, incident["id"], by="chief", now=NOW)
    assert queries.incidents(store.engine, HOME.code) == []
    (closed,) = queries.incidents(store.engine, HOME.code, open_only=False)
    assert (closed["status"], closed["closed_by"], closed["closed_at"]) == ("closed", "chief", NOW)


def test_stuck_tickets(store: Store) -> None:
    """Open, with nothing armed and nothing asked for: nobody would ever be reminded of it."""
    stuck = store.apply(first(), prefix="LZH").number
    store.apply(first(a_ticket(marks={"outcome": "rectified"})), prefix="LZH")
    store.apply(first(arm=(a_timer(),)), prefix="LZH")
    request = Request(ordinal=1, kind="funding", status="pending", asked_on=TODAY)
    waiting = store.apply(first(requests=(request,)), prefix="LZH")
    assert queries.stuck_tickets(store.engine, HOME.code) == [stuck]
    store.apply(following(waiting, requests=(replace(request, status="rejected"),)), prefix="LZH")
    assert queries.stuck_tickets(store.engine, HOME.code) == [stuck, waiting.number]


def test_histories_of_some_and_of_all(flow: Rectiflow) -> None:
    """Each ticket's lines in order; of numbers that do not exist nothing."""
    engine = flow.store.engine
    numbers = [assigned(flow).number, reported(flow).number]
    everything = dict(queries.histories(engine, HOME.code))
    assert [[e.seq for e in everything[n]] for n in numbers] == [[1, 2], [1]]
    assert queries.histories_of(engine, HOME.code, [numbers[1], "none"]) == {numbers[1]: everything[numbers[1]]}
    assert queries.events_of(engine, HOME.code, "none") == []
    assert list(queries.histories(engine, ELSEWHERE.code)) == []


def test_a_history_may_be_left_half_read(flow: Rectiflow) -> None:
    """Who stops in the middle, or does something else meanwhile, disturbs nobody."""
    for _ in range(3):
        assigned(flow)
    stream = queries.histories(flow.store.engine, HOME.code)
    number, _ = next(stream)
    flow.do(number, "sign", by="head")
    del stream
    assert len(dict(queries.histories(flow.store.engine, HOME.code))[number]) == 3


def test_overdue_means_not_handed_in(flow: Rectiflow, engine: Engine) -> None:
    """The day after the due date it is overdue; on the due day it is not; nothing is asked of closed ones."""
    number = assigned(flow, days=3).number
    due = flow.today() + timedelta(days=3)
    for day, expected in ((due, []), (due + timedelta(days=1), [number])):
        wanted = TicketFilter(overdue_on=day)
        assert [t.number for t in queries.tickets(engine, HOME.code, wanted)] == expected
    assert rows(engine, "SELECT is_open FROM rectiflow_ticket")[0]["is_open"] in (1, True)

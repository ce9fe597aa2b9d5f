"""Two districts in one database, with the same ids for their people, never mix."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from rectiflow._clock import SetClock
from rectiflow._flow import Rectiflow
from rectiflow.engine.errors import NotFound, WorkplaceError
from rectiflow.storage import definitions, queries
from rectiflow.storage.connect import writing
from rectiflow.storage.tables import table
from support.stores import ELSEWHERE, HOME, NOW, assigned, lived, open_office, reported, rows


@pytest.fixture
def offices(engine: Engine) -> Iterator[tuple[Rectiflow, Rectiflow]]:
    """Two offices on one database, under one clock; their people bear the same ids."""
    clock = SetClock(NOW)
    both = open_office(engine, clock=clock), open_office(engine, district=ELSEWHERE, clock=clock)
    yield both
    for office in both:
        office.close()


def test_each_sees_its_own(offices: tuple[Rectiflow, Rectiflow]) -> None:
    """Numbers, lists, histories, desks and the audit are of one district."""
    home, elsewhere = offices
    ours = [lived(home).number, assigned(home).number]
    theirs = [assigned(elsewhere).number]
    assert (ours, theirs) == (["LZH-2024-000001", "LZH-2024-000002"], ["TEST-2024-000001"])
    for office, numbers in ((home, ours), (elsewhere, theirs)):
        assert [t.number for t in office.tickets()] == numbers
        assert [number for number, *_ in office.audit()] == numbers
        assert {e.district for e in office.histories()} == {office.district}
        messages = queries.messages(office.store.engine, office.district)
        assert {m["number"] for m in messages} == set(numbers)
    assert home.find("1") == "LZH-2024-000001"
    assert elsewhere.find("1") == "TEST-2024-000001"


def test_nobody_acts_on_another_districts_ticket(offices: tuple[Rectiflow, Rectiflow]) -> None:
    """The same id is another person there: whatever is tried, the ticket is not found here."""
    home, elsewhere = offices
    number = assigned(elsewhere).number
    tries = (
        lambda: home.do(number, "sign", by="head"),
        lambda: home.ticket(number),
        lambda: home.actions(number, by="head"),
        lambda: home.history(number),
        lambda: home.amend(number, by="chief", reason="x", description="y"),
        lambda: home.void(number, by="chief", reason="x"),
    )
    for attempt in tries:
        with pytest.raises(NotFound, match="属于另一个区（990000），请在那个区办理"):
            attempt()
    assert [e.trigger for e in elsewhere.history(number)] == ["report", "assign"]


def test_hosts_keys_do_not_meet(offices: tuple[Rectiflow, Rectiflow]) -> None:
    """The same key is another ticket in each district."""
    home, elsewhere = offices
    assert reported(home, key="k").number == "LZH-2024-000001"
    assert reported(elsewhere, key="k").number == "TEST-2024-000001"


def test_each_worker_fires_for_its_own(offices: tuple[Rectiflow, Rectiflow]) -> None:
    """Timers of one are left alone by the other's worker, which has another calendar, sender and words."""
    home, elsewhere = offices
    ours, theirs = assigned(home).number, assigned(elsewhere).number
    assert isinstance(home.clock, SetClock)
    home.clock.forward(days=20)
    assert home.tick().fired == 2
    assert [e.kind for e in elsewhere.history(theirs)] == ["reported", "acted"]
    assert elsewhere.tick().fired == 2
    for office, number in ((home, ours), (elsewhere, theirs)):
        timers = [e for e in office.history(number) if e.kind == "timer"]
        assert [e.trigger for e in timers] == ["sign", "rectify"] or [e.trigger for e in timers] == ["rectify", "sign"]
        assert all(breaks == () for *_, breaks in office.audit())
    found = rows(home.store.engine, "SELECT DISTINCT district, number FROM rectiflow_message ORDER BY district")
    assert [tuple(r.values()) for r in found] == [(HOME.code, ours), (ELSEWHERE.code, theirs)]


def test_each_keeps_its_own_definitions(offices: tuple[Rectiflow, Rectiflow]) -> None:
    """The same version may say something else in another district; a worker decides by the text of each."""
    home, elsewhere = offices
    ours, theirs = assigned(home), assigned(elsewhere)
    kept = definitions.read_definition(home.store.engine, ELSEWHERE.code, "hazard", 1)
    kept_text = table("definition")
    other = {"text": kept.text.replace("title: 待签收,", "title: 等人签收,"), "digest": "other"}
    with writing(home.store.engine) as connection:
        connection.execute(kept_text.update().where(kept_text.c.district == ELSEWHERE.code).values(**other))
    assert home.workflow_of(ours).states["assigned"].title == "待签收"
    assert home.workflow_of(theirs).states["assigned"].title == "等人签收"


def test_with_several_districts_one_has_to_be_named(file_url: str) -> None:
    """Opening says which there are; a single one needs no name; an unknown one is refused by what is asked of it."""
    with Rectiflow.open(file_url) as empty:
        assert empty.district == ""
        open_office(empty.store.engine)
    with Rectiflow.open(file_url) as one:
        assert one.district == HOME.code
        open_office(one.store.engine, district=ELSEWHERE)
    with pytest.raises(
        WorkplaceError, match="数据库里有几个区：示例区教育局（420702）、邻区教育局（990000），请用 district"
    ):
        Rectiflow.open(file_url)
    with Rectiflow.open(file_url, district=ELSEWHERE.code) as chosen:
        assert chosen.directory().district == ELSEWHERE
    with Rectiflow.open(file_url, district="000000") as unknown, pytest.raises(NotFound, match="没有登记区划代码"):
        unknown.directory()


def test_a_date_is_due_in_its_own_district(offices: tuple[Rectiflow, Rectiflow]) -> None:
    """Overdue lists do not borrow the other's clocks."""
    home, elsewhere = offices
    assigned(home, days=30)
    late = assigned(elsewhere, days=1).number
    assert isinstance(home.clock, SetClock)
    home.clock.forward(days=timedelta(days=5).days)
    assert home.tickets(overdue=True) == []
    assert [t.number for t in elsewhere.tickets(overdue=True)] == [late]

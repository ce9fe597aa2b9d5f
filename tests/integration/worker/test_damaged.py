"""A message whose row is damaged in the database is given up and told of; every other one goes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from rectiflow._clock import SetClock
from rectiflow._incidents import incidents
from rectiflow._messages import cancel, message, outbox
from rectiflow._workplace import Workplace
from rectiflow.storage.connect import writing
from support.workplaces import assigned, sample_workplace

DAMAGED = ["[]", "null", '{"ends": "kaputt"}']


def _damage(place: Workplace, key: str, params: str) -> None:
    """Write something else into the column, as no code of ours would."""
    engine = place.flow.store.engine
    change = "UPDATE rectiflow_message SET params = :params WHERE key = :key"
    if engine.dialect.name == "postgresql":
        change = change.replace(":params", "CAST(:params AS jsonb)")
    with writing(engine) as connection:
        assert connection.execute(text(change), {"params": params, "key": key}).rowcount == 1


def _all_but_one_go(place: Workplace, params: str) -> None:
    assigned(place, 3)
    bad, *others = sorted(outbox(place.flow, status="waiting"), key=lambda m: m.key)
    assert len({m.number for m in others}) > 1
    _damage(place, bad.key, params)
    assert place.deliver().sent == len(others)
    (dead,) = outbox(place.flow, status="dead")
    assert (dead.key, "已损坏" in dead.detail) == (bad.key, True)
    assert [i for i in incidents(place.flow) if "已损坏" in i.message]
    assert message(place.flow, bad.id).key == bad.key
    assert cancel(place.flow, [bad.id], by="r0005") == 1


@pytest.mark.parametrize("params", DAMAGED)
def test_one_that_waits(place: Workplace, params: str) -> None:
    """It is dead after the first look, with an incident, and can be taken out."""
    _all_but_one_go(place, params)


def test_one_that_is_not_even_json(tmp_path: Path) -> None:
    """SQLite keeps any text in the column."""
    place = sample_workplace(tmp_path / "place")
    _all_but_one_go(place, '{"broken')
    place.flow.close()


@pytest.mark.parametrize("params", DAMAGED)
def test_one_that_waits_for_the_digest(place: Workplace, params: str) -> None:
    """The digest goes without it."""
    assigned(place, 3)
    first, *_ = outbox(place.flow, status="waiting")
    engine, clock = place.flow.store.engine, place.clock
    with writing(engine) as connection:
        connection.execute(text("UPDATE rectiflow_message SET status = 'held' WHERE status = 'waiting'"))
    _damage(place, first.key, params)
    assert isinstance(clock, SetClock)
    clock.forward(seconds=timedelta(days=1).total_seconds())
    place.deliver(at_any_hour=True)
    sent = [m for m in outbox(place.flow, status="sent") if m.key.startswith("digest:")]
    assert sent
    assert {m.status for m in outbox(place.flow) if m.key == first.key} == {"dead"}

"""What came in is kept once; an address is given up after some returns and forgiven; messages are found by their id."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from rectiflow.engine.errors import NotFound
from rectiflow.storage import incoming
from rectiflow.storage.incoming import Incoming
from rectiflow.storage.store import Claim, Store
from support.stores import HOME, LEASE, NOW, a_message, first

ONE = Incoming(
    id="3f2a91c0aa", received_at=NOW, channel="mail", sender="head@school.example", subject="回复", kind="reply"
)


def test_the_same_mail_is_kept_once(engine: Engine) -> None:
    """A second copy changes nothing, even after the first was settled."""
    assert incoming.keep(engine, HOME.code, ONE)
    assert incoming.waiting_count(engine, HOME.code) == 1
    incoming.settle(engine, HOME.code, ONE.id, status="done", outcome="已签收", number="LZH-2024-000001")
    assert not incoming.keep(engine, HOME.code, ONE)
    (kept,) = incoming.incoming(engine, HOME.code)
    assert (kept.status, kept.outcome, kept.number) == ("done", "已签收", "LZH-2024-000001")
    assert incoming.waiting_count(engine, HOME.code) == 0


def test_found_by_the_beginning_of_the_id(engine: Engine) -> None:
    """A few characters are enough while only one begins so; signs of a pattern are no pattern."""
    for key in ("3f2a91c0aa", "3f77000000"):
        incoming.keep(engine, HOME.code, Incoming(id=key, received_at=NOW, channel="mail", sender="x", kind="other"))
    assert incoming.one_incoming(engine, HOME.code, "3f2").id == "3f2a91c0aa"
    for wrong in ("3f", "9", "%", ""):
        with pytest.raises(NotFound):
            incoming.one_incoming(engine, HOME.code, wrong)


def test_lists_are_newest_first(engine: Engine) -> None:
    """By status and by hazard, at most so many."""
    for n in range(4):
        row = Incoming(
            id=f"{n}{n}", received_at=NOW + timedelta(minutes=n), channel="sms", sender="138", kind="reply",
            status="done" if n % 2 else "waiting", number="LZH-2024-000001" if n > 1 else None,
        )  # fmt: skip
        incoming.keep(engine, HOME.code, row)
    assert [i.id for i in incoming.incoming(engine, HOME.code)] == ["33", "22", "11", "00"]
    assert [i.id for i in incoming.incoming(engine, HOME.code, status="waiting")] == ["22", "00"]
    assert [i.id for i in incoming.incoming(engine, HOME.code, number="LZH-2024-000001", limit=1)] == ["33"]


def test_an_address_dies_and_is_forgiven(engine: Engine) -> None:
    """From the third return on nothing goes there; another channel and another address are not touched."""
    place = {"channel": "mail", "address": "old@school.example", "detail": "550 no such user", "dead_after": 3}
    dead = [incoming.fault(engine, HOME.code, at=NOW, by=by, **place).dead for by in "aabbc"]  # type: ignore[arg-type]
    assert dead == [False, False, False, False, True]  # the same return counts once
    incoming.fault(engine, HOME.code, channel="sms", address="13800000001", at=NOW, detail="空号", dead_after=3, by="d")
    assert incoming.dead_addresses(engine, HOME.code) == {("mail", "old@school.example")}
    assert incoming.forgive(engine, HOME.code, "old@school.example")
    assert not incoming.forgive(engine, HOME.code, "old@school.example")
    assert incoming.dead_addresses(engine, HOME.code) == frozenset()


def test_a_message_is_found_by_its_id_and_counted(store: Store) -> None:
    """The Message-ID leads to the row, of its own district only; what was sent is counted by channel and day."""
    engine = store.engine
    stored = store.apply(first(messages=(a_message(),)), prefix="LZH")
    (row,) = store.claim_messages(owner="w", now=NOW, lease=LEASE, limit=9)
    rendered = {
        "rendered_channel": "mail", "rendered_to": "head@school.example", "rendered_subject": "催办",
        "rendered_id": "<1@x>", "rendered_body": b"x", "template_version": 1,
    }  # fmt: skip
    claim = Claim(owner="w", now=NOW)
    assert store.keep_rendered(HOME.code, row["key"], claim, rendered)
    found = incoming.message_of(engine, HOME.code, "<1@x>")
    assert found is not None
    assert (found.key, found.number, found.recipient, found.to) == (
        row["key"], stored.number, "head", "head@school.example",
    )  # fmt: skip
    assert incoming.message_of(engine, "999999", "<1@x>") is None
    assert incoming.message_of(engine, HOME.code, "<2@x>") is None
    assert incoming.sent_since(engine, HOME.code, "head", NOW) == {}
    store.finish_message(
        HOME.code, row["key"], owner="w", status="sent", due_at=NOW, sent_at=NOW, detail="250", attempts=1
    )
    assert incoming.sent_since(engine, HOME.code, "head", NOW) == {"mail": 1}
    assert incoming.sent_since(engine, HOME.code, "head", NOW + timedelta(seconds=1)) == {}


def test_a_dead_address_stays_dead(engine: Engine) -> None:
    """A return that is passing does not bring it back to life."""
    place = {"channel": "mail", "address": "old@school.example", "at": NOW, "detail": "550"}
    assert [incoming.fault(engine, HOME.code, by=b, dead_after=2, **place).dead for b in "ab"] == [False, True]  # type: ignore[arg-type]
    assert incoming.fault(engine, HOME.code, by="c", dead_after=5, **place).dead  # type: ignore[arg-type]

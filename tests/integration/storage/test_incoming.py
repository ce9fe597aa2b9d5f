"""What came in is kept once; an address is given up after some returns and forgiven; messages are found by their id."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from rectiflow.engine.decision import IncidentDraft
from rectiflow.engine.errors import NotFound
from rectiflow.storage import incoming, queries
from rectiflow.storage.incoming import Incoming
from rectiflow.storage.store import Claim, Store
from support.stores import HOME, LEASE, NOW, a_message, first

ONE = Incoming(
    id="3f2a91c0aa", received_at=NOW, channel="mail", sender="head@school.example", subject="回复", kind="reply"
)


LIMITS = incoming.Limits(hard=3, any=5, days=30)


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


def test_what_was_said_lately(engine: Engine) -> None:
    """The same words of the same sender: today, or not looked at yet; and one letter by its whole id."""
    said = (
        ("a@b.cn", "好", "done"), ("a@b.cn", "好", "unseen"), ("a@b.cn", "好", "done"), ("a@b.cn", "好的", "done"),
        ("c@b.cn", "好", "done"),
    )  # fmt: skip
    for n, (sender, words, status) in enumerate(said):
        row = Incoming(
            id=f"{n}{n}", received_at=NOW + timedelta(hours=n), channel="mail", sender=sender, kind="reply",
            words=words, status=status, outcome="已记为补充说明",
        )  # fmt: skip
        incoming.keep(engine, HOME.code, row)
    since = NOW + timedelta(hours=2)
    assert [i.id for i in incoming.said_lately(engine, HOME.code, "a@b.cn", "好", since=since)] == ["22", "11"]
    assert [i.words for i in (incoming.known(engine, HOME.code, "33"),) if i] == ["好的"]
    assert incoming.known(engine, HOME.code, "3") is None


def test_an_address_dies_and_is_forgiven(engine: Engine) -> None:
    """From the third return on nothing goes there; another channel and another address are not touched."""
    place = {
        "channel": "mail",
        "address": "old@school.example",
        "detail": "550 no such user",
        "hard": True,
        "limits": LIMITS,
    }
    dead = [incoming.fault(engine, HOME.code, at=NOW, by=by, **place).dead for by in "aabbabac"]  # type: ignore[arg-type]
    assert dead == [*[False] * 7, True]  # each message counts once, however often and in whatever order it comes back
    phone = {"channel": "sms", "address": "13800000001", "detail": "空号", "hard": True, "limits": LIMITS}
    incoming.fault(engine, HOME.code, at=NOW, by="d", **phone)  # type: ignore[arg-type]
    assert incoming.dead_addresses(engine, HOME.code) == {("mail", "old@school.example")}
    assert incoming.forgive(engine, HOME.code, "old@school.example", now=NOW)
    assert not incoming.forgive(engine, HOME.code, "old@school.example", now=NOW)
    assert incoming.dead_addresses(engine, HOME.code) == frozenset()


def test_the_incidents_of_a_forgiven_address_are_over(store: Store) -> None:
    """Whatever hazard they were raised for; another address, a longer one and another channel keep theirs."""
    engine = store.engine
    ours, others = (
        "address:mail:a_b@school.example",
        ("address:mail:axb@school.example", "address:sms:a_b@school.example"),
    )
    for number, key in (
        ("LZH-2024-000001", ours),
        ("LZH-2024-000002", ours),
        (None, ours),
        *((None, o) for o in others),
    ):
        said = IncidentDraft(key=key, kind="message", message="已停发")
        store.raise_incident(HOME.code, said, now=NOW, number=number)
    store.raise_incident(HOME.code, IncidentDraft(key=f"x{ours}", kind="message", message="已停发"), now=NOW)
    incoming.fault(
        engine, HOME.code, channel="mail", address="a_b@school.example", detail="550", hard=True, limits=LIMITS, at=NOW,
        by="m",
    )  # fmt: skip
    assert incoming.forgive(engine, HOME.code, "a_b@school.example", now=NOW, channel="mail")
    left = {i["key"] for i in queries.incidents(engine, HOME.code)}
    assert left == {f":{others[0]}", f":{others[1]}", f":x{ours}"}


def test_only_what_is_known_to_be_a_person_s_counts(engine: Engine) -> None:
    """What others send in that name does not; the last ones, of the time that is asked about."""
    for n, person in enumerate(["head", "head", None, None, "other"]):
        row = Incoming(
            id=f"{n}", received_at=NOW + timedelta(minutes=n), channel="mail", sender="head@school.example",
            kind="reply", person=person, words=f"{n}", outcome="已记",
        )  # fmt: skip
        incoming.keep(engine, HOME.code, row)

    def heard(since: int, until: int, most: int = 9) -> list[str]:
        when = (NOW + timedelta(minutes=m) for m in (since, until))
        found = incoming.heard(engine, HOME.code, "head", since=next(when), until=next(when), most=most)
        assert {outcome for _, outcome in found} <= {"已记"}
        return [words for words, _ in found]

    assert (heard(0, 1), heard(0, 0), heard(1, 9), heard(2, 9), heard(0, 9, 1)) == (["1", "0"], ["0"], ["1"], [], ["1"])


def test_a_message_is_found_by_its_id(store: Store) -> None:
    """The digits of the Message-ID lead to the row, whatever the domain, in its own district."""
    engine, digest = store.engine, "0123456789abcdef" * 2
    stored = store.apply(first(messages=(a_message(),)), prefix="LZH")
    (row,) = store.claim_messages(owner="w", now=NOW, lease=LEASE, limit=9)
    rendered = {
        "rendered_channel": "mail", "rendered_to": "head@school.example", "rendered_subject": "催办",
        "rendered_id": f"<rectiflow.{digest}@old.example>", "rendered_body": b"x", "template_version": 1,
    }  # fmt: skip
    claim = Claim(owner="w", now=NOW)
    assert store.keep_rendered(HOME.code, row["key"], claim, rendered, lease=LEASE)
    found = incoming.message_of(engine, HOME.code, digest)
    assert found is not None
    assert (found.key, found.number, found.recipient, found.to) == (
        row["key"], stored.number, "head", "head@school.example",
    )  # fmt: skip
    assert found.sent_at is None
    assert incoming.message_of(engine, "999999", digest) is None
    for other in (digest[:-1] + "e", digest[:-1] + "0", "f" * 32, "9" * 32, digest[:-1]):
        assert incoming.message_of(engine, HOME.code, other) is None
    store.finish_message(
        HOME.code, row["key"], owner="w", status="sent", due_at=NOW, sent_at=NOW, detail="250", attempts=1
    )
    sent = incoming.message_of(engine, HOME.code, digest)
    assert sent is not None
    assert sent.sent_at == NOW


def test_a_dead_address_stays_dead(engine: Engine) -> None:
    """A return that is passing does not bring it back to life."""
    place = {"channel": "mail", "address": "old@school.example", "at": NOW, "detail": "550", "limits": LIMITS}
    assert [incoming.fault(engine, HOME.code, by=b, hard=True, **place).dead for b in "abc"] == [False, False, True]  # type: ignore[arg-type]
    assert incoming.fault(engine, HOME.code, by="d", hard=False, **place).dead  # type: ignore[arg-type]
    assert incoming.fault(engine, HOME.code, by="e", hard=False, **{**place, "at": NOW + timedelta(days=99)}).dead  # type: ignore[arg-type]


def test_what_passes_counts_less_and_what_is_long_ago_not_at_all(engine: Engine) -> None:
    """Five of any kind, three that are sure; a month without any, and the count begins anew."""
    place = {"channel": "mail", "address": "full@school.example", "detail": "452 full", "limits": LIMITS}

    def count(by: str, days: int, *, hard: bool = False) -> tuple[int, bool]:
        found = incoming.fault(engine, HOME.code, by=by, at=NOW + timedelta(days=days), hard=hard, **place)  # type: ignore[arg-type]
        return found.failures, found.dead

    assert [count(b, 0, hard=b == "a") for b in "abcd"] == [(1, False), (2, False), (3, False), (4, False)]
    assert [count(b, 31, hard=True) for b in "ef"] == [(1, False), (2, False)]
    assert count("g", 62) == (1, False)
    assert [count(b, 62) for b in "hijk"] == [(2, False), (3, False), (4, False), (5, True)]


def test_a_message_is_found_by_number_and_answer_of_the_gateway(store: Store) -> None:
    """The last one to a number, or the one whose answer holds the vendor's id; what is noted of it is noted once."""
    engine = store.engine
    store.enqueue(HOME.code, [a_message("one"), a_message("two")], now=NOW)
    for at, row in enumerate(store.claim_messages(owner="w", now=NOW, lease=LEASE, limit=9)):
        rendered = {
            "rendered_channel": "sms", "rendered_to": "13800000001", "rendered_subject": None,
            "rendered_id": f"<{row['key']}@x>", "rendered_body": b"x", "template_version": 1,
        }  # fmt: skip
        assert store.keep_rendered(HOME.code, row["key"], Claim(owner="w", now=NOW), rendered, lease=LEASE)
        sent = NOW + timedelta(minutes=at)
        store.finish_message(
            HOME.code, row["key"], owner="w", status="sent", due_at=sent, sent_at=sent, detail=f"BizId 9_{row['key']}%",
            attempts=1,
        )  # fmt: skip
    day = {"since": NOW - timedelta(days=1), "until": NOW + timedelta(days=1)}

    def found(said: str = "") -> str | None:
        row = incoming.last_to(engine, HOME.code, ["13800000001"], said=said, **day)
        return row.key if row else None

    assert [found(), found("9_one:head%"), found("9_two:head%")] == ["two:head", "one:head", "two:head"]
    assert [found("9%"), found("9_one%"), found("9_two"), found("BizI"), found("head")] == [None] * 5  # the whole of it
    for _ in range(2):
        incoming.note(engine, HOME.code, "one:head", "手机已收到 09-02 09:05")
    (row,) = [m for m in queries.messages(engine, HOME.code) if m["key"] == "one:head"]
    assert row["detail"] == "BizId 9_one:head%；手机已收到 09-02 09:05"

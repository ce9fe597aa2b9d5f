"""How much one may get in a day, decided where all workers look."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from rectiflow.storage import outbox
from rectiflow.storage.outbox import Measure
from rectiflow.storage.store import Store
from support.stores import HOME, NOW, a_message

LEASE = timedelta(minutes=5)
MAIL, PHONE = "head@school.example", "13800000001"


def claimed(store: Store, owner: str, count: int) -> list[dict[str, Any]]:
    """Claim some messages."""
    return store.claim_messages(owner=owner, now=NOW, lease=LEASE, limit=count)


def goes(store: Store, row: dict[str, Any], owner: str, channel: str = "mail", most: int = 3, of_it: int = 0) -> bool:
    """Ask for a claimed message to go to the one person."""
    addresses = [MAIL, PHONE] if channel == "mail" else [PHONE, MAIL]
    return outbox.let_go(
        store.engine, HOME.code, row["key"], owner=owner, channel=channel, addresses=addresses,
        measure=Measure(since=NOW, most=most, by_channel=of_it),
    )  # fmt: skip


def done(store: Store, row: dict[str, Any], owner: str, status: str) -> None:
    """Finish one."""
    sent_at = NOW if status == "sent" else None
    assert store.finish_message(
        HOME.code, row["key"], owner=owner, status=status, due_at=NOW, sent_at=sent_at, detail="", attempts=1
    )


def test_what_is_about_to_go_counts_until_it_ends_otherwise(store: Store) -> None:
    """Sent and about to be sent count, by whichever worker and channel; held and dead do not; asking twice counts once."""
    store.enqueue(HOME.code, [a_message(f"m{n}") for n in range(8)], now=NOW)
    first, second = claimed(store, "one", 4), claimed(store, "two", 4)
    assert [goes(store, r, "one") for r in (first[0], first[0], first[1])] == [True, True, True]
    assert goes(store, second[0], "two", channel="sms")
    assert not goes(store, second[1], "two")
    done(store, first[0], "one", "sent")
    assert not goes(store, second[1], "two")
    done(store, first[1], "one", "dead")
    assert goes(store, second[1], "two")
    done(store, second[0], "two", "held")
    done(store, second[1], "two", "waiting")  # given back: it goes later today
    assert goes(store, second[2], "two")
    assert not goes(store, second[3], "two")
    assert goes(store, second[3], "two", most=0)


def test_a_channel_has_its_own_measure(store: Store) -> None:
    """Two short messages are enough, whatever else went; yesterday's do not count, nor what somebody else gets."""
    store.enqueue(HOME.code, [a_message(f"m{n}") for n in range(5)], now=NOW)
    rows = claimed(store, "one", 5)
    assert goes(store, rows[0], "one", most=9, of_it=2, channel="mail")
    assert [goes(store, r, "one", most=9, of_it=2, channel="sms") for r in rows[1:4]] == [True, True, False]
    other = Measure(since=NOW, most=1, by_channel=0)
    told = {"owner": "one", "channel": "mail", "measure": other}
    assert outbox.let_go(store.engine, HOME.code, rows[4]["key"], addresses=["other@school.example"], **told)  # type: ignore[arg-type]
    for row in rows[:3]:
        done(store, row, "one", "sent")
    later = Measure(since=NOW + timedelta(seconds=1), most=1, by_channel=0)
    told = {"owner": "one", "channel": "mail", "measure": later}
    assert outbox.let_go(store.engine, HOME.code, rows[3]["key"], addresses=[MAIL, PHONE], **told)  # type: ignore[arg-type]


def test_a_claim_that_is_lost_takes_nothing(store: Store) -> None:
    """Another worker has it now: nothing of it is changed, and the sender finds out when it stores the words."""
    store.enqueue(HOME.code, [a_message("m")], now=NOW)
    (row,) = claimed(store, "one", 1)
    assert goes(store, row, "two")
    done(store, row, "one", "waiting")
    (again,) = store.claim_messages(owner="one", now=NOW, lease=LEASE, limit=1)
    assert again["rendered_to"] is None


def test_many_workers_keep_one_measure(store: Store) -> None:
    """Twenty ask at the same moment for five."""
    store.enqueue(HOME.code, [a_message(f"m{n}") for n in range(20)], now=NOW)
    rows = claimed(store, "one", 20)

    def ask(row: dict[str, Any]) -> bool:
        return goes(store, row, "one", most=5)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, rows)) == 5

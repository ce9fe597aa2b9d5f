"""What is due is claimed by one owner for a lease: exactly once, in turn, and never lost."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from msgspec.structs import replace

from rectiflow._clock import SetClock
from rectiflow._flow import Rectiflow
from rectiflow.engine.decision import Crossing, Decision
from rectiflow.engine.errors import Conflict
from rectiflow.engine.ticket import Ticket
from rectiflow.storage import incoming, outbox, queries
from rectiflow.storage.store import Claim, ClaimLost, DueTimer, Store
from support.stores import (
    HOME,
    LEASE,
    NOW,
    a_key,
    a_message,
    a_timer,
    an_incident,
    assigned,
    count,
    counts,
    first,
    following,
    office,
    rows,
    scalar,
)

LATER = NOW + LEASE + timedelta(seconds=1)
RENDERED = {
    "rendered_channel": "mail",
    "rendered_to": "head@example.org",
    "rendered_subject": "整改时限提醒",
    "rendered_id": "<1@example.org>",
    "rendered_body": "请于12月31日前完成整改。\x00\xff".encode(),
    "template_version": 3,
}


def claim(store: Store, owner: str = "one", now: datetime = NOW, limit: int = 100) -> list[DueTimer]:
    """Claim due timers."""
    return store.claim_timers(owner=owner, now=now, lease=LEASE, limit=limit)


def mine(store: Store, owner: str = "one", now: datetime = NOW, limit: int = 100) -> list[dict[str, Any]]:
    """Claim waiting messages."""
    return store.claim_messages(owner=owner, now=now, lease=LEASE, limit=limit)


def fired(ticket: Ticket, **parts: Any) -> Decision:
    """Return the decision of a timer that has come due."""
    crossed = (Crossing(key=a_key(), nominal_at=NOW),)
    return replace(following(ticket, crossed=crossed, **parts), fired=a_key())


def sent(store: Store, message: dict[str, Any], owner: str = "one", status: str = "sent", **changes: Any) -> bool:
    """Finish a claimed message."""
    values: dict[str, Any] = {
        "due_at": NOW,
        "sent_at": NOW if status == "sent" else None,
        "detail": "250 OK",
        "attempts": message["attempts"],
        **changes,
    }
    return store.finish_message(HOME.code, message["key"], owner=owner, status=status, **values)


# timers -----------------------------------------------------------------------------------------------------------


def test_only_what_is_due_is_claimed_oldest_first(store: Store) -> None:
    """A timer is due at its very instant; later ones wait; the limit takes the oldest."""
    offsets = {"a": -3, "b": -1, "c": -2, "d": 0, "e": 1}
    armed = ((a_timer(NOW + timedelta(minutes=m), step=step),) for step, m in offsets.items())
    number, *_ = [store.apply(first(arm=arm), prefix="LZH").number for arm in armed]
    found = claim(store, limit=3)
    assert [t.key.step for t in found] == ["a", "c", "b"]
    assert found[0] == DueTimer(
        district=HOME.code, number=number, key=a_key(step="a"), due_at=NOW - timedelta(minutes=3), attempts=1
    )
    assert [t.key.step for t in claim(store)] == ["d"]
    assert claim(store) == []


def test_one_timer_of_a_ticket_at_a_time_in_order(store: Store) -> None:
    """The earlier one first; the next only when that one has fired, or was put off; another ticket's does not wait."""
    arm = tuple(a_timer(NOW - timedelta(minutes=m), step=step) for step, m in (("b", 1), ("a", 2), ("c", 1)))
    stored = store.apply(first(arm=arm), prefix="LZH")
    other = store.apply(first(arm=(a_timer(step="z"),)), prefix="LZH")
    found = claim(store)
    assert [(t.number, t.key.step) for t in found] == [(stored.number, "a"), (other.number, "z")]
    assert claim(store, "two") == []
    key = a_key(step="a")
    crossed = (Crossing(key=key, nominal_at=NOW),)
    store.apply(replace(following(stored, crossed=crossed), fired=key), prefix="LZH", claim=Claim(owner="one", now=NOW))
    (second,) = claim(store, "two")
    assert second.key.step == "b"
    assert claim(store, "three") == []
    store.fail_timer(
        second, owner="two", error="坏了", retry_at=NOW + timedelta(hours=1), incident=an_incident(), now=NOW
    )
    assert [t.key.step for t in claim(store, "three")] == ["c"]


def test_a_timer_being_fired_keeps_an_earlier_one_waiting(store: Store) -> None:
    """What is armed for an earlier instant while another of the ticket is held waits until that lease is over."""
    stored = store.apply(first(arm=(a_timer(NOW, step="b"),)), prefix="LZH")
    assert len(claim(store)) == 1
    store.apply(following(stored, arm=(a_timer(NOW - timedelta(hours=1), step="a"),)), prefix="LZH")
    assert claim(store, "two") == []
    assert [t.key.step for t in claim(store, "two", LATER)] == ["a"]


def test_a_lease_is_held_on_to(store: Store) -> None:
    """Renewed before it runs out it keeps others away; what was lost meanwhile is not got back."""
    for _ in range(2):
        store.apply(first(arm=(a_timer(),)), prefix="LZH")
    due = claim(store)
    halfway = NOW + LEASE / 2
    assert store.renew_timers(due, owner="one", now=halfway, lease=LEASE) == due
    assert claim(store, "two", LATER) == []
    assert store.renew_timers(due, owner="two", now=halfway, lease=LEASE) == []
    much_later = LATER + LEASE
    assert len(claim(store, "two", much_later, limit=1)) == 1
    assert store.renew_timers(due, owner="one", now=much_later, lease=LEASE) == []


def test_what_was_not_begun_is_given_back(store: Store) -> None:
    """Another worker gets it at once, and it was no attempt; only the owner gives back."""
    store.apply(first(arm=(a_timer(),)), prefix="LZH")
    due = claim(store)
    store.release_timers(due, owner="two")
    assert claim(store, "two") == []
    store.release_timers(due, owner="one")
    assert [t.attempts for t in claim(store, "two")] == [1]


def test_a_claim_keeps_others_away_until_its_lease_runs_out(store: Store) -> None:
    """Another owner gets nothing during the lease, and the timer with one more attempt after it."""
    store.apply(first(arm=(a_timer(),)), prefix="LZH")
    assert len(claim(store, "one")) == 1
    assert claim(store, "two") == []
    assert claim(store, "two", NOW + LEASE) == []
    assert [t.attempts for t in claim(store, "two", LATER)] == [2]


def test_a_timer_fires_exactly_once(store: Store) -> None:
    """Who holds the claim fires; the row says when; nobody gets it again."""
    stored = store.apply(first(arm=(a_timer(),)), prefix="LZH")
    claim(store)
    after = store.apply(
        fired(stored, arm=(a_timer(NOW + timedelta(days=1), occurrence=1),)),
        prefix="LZH",
        claim=Claim(owner="one", now=NOW),
    )
    found = rows(store.engine, "SELECT status, owner, lease_until FROM rectiflow_timer ORDER BY occurrence")
    assert [tuple(r.values()) for r in found] == [("fired", None, None), ("armed", None, None)]
    assert claim(store, "two", LATER) == []
    for ticket in (stored, after):
        with pytest.raises(ClaimLost):
            store.apply(fired(ticket), prefix="LZH", claim=Claim(owner="one", now=NOW))
    assert count(store.engine, "event") == 2


@pytest.mark.parametrize(("owner", "now"), [("two", NOW), ("one", NOW + LEASE), ("one", LATER), (None, None)], ids=str)
def test_without_the_claim_nothing_is_written(store: Store, owner: str | None, now: datetime | None) -> None:
    """Another owner, a lease that has run out, no claim at all: ClaimLost, and all is as before."""
    stored = store.apply(first(arm=(a_timer(),)), prefix="LZH")
    claim(store)
    before = counts(store.engine)
    held = Claim(owner=owner, now=now) if owner and now else None
    with pytest.raises(ClaimLost):
        store.apply(fired(stored, messages=(a_message(),)), prefix="LZH", claim=held)
    assert counts(store.engine) == before
    assert store.load(stored.number).ticket == stored
    assert scalar(store.engine, "SELECT status FROM rectiflow_timer") == "armed"


def test_of_two_owners_the_slower_one_loses(store: Store) -> None:
    """The first is too slow, the second claims and fires: the first gets ClaimLost or Conflict, the step fires once."""
    stored = store.apply(first(arm=(a_timer(),)), prefix="LZH")
    claim(store, "slow")
    claim(store, "quick", LATER)
    with pytest.raises(ClaimLost):
        store.apply(fired(stored), prefix="LZH", claim=Claim(owner="slow", now=LATER))
    store.apply(fired(stored), prefix="LZH", claim=Claim(owner="quick", now=LATER))
    with pytest.raises((ClaimLost, Conflict)):
        store.apply(fired(stored), prefix="LZH", claim=Claim(owner="slow", now=LATER))
    assert scalar(store.engine, "SELECT count(*) FROM rectiflow_timer WHERE status = 'fired'") == 1
    assert count(store.engine, "event") == 2


def test_somebody_acting_meanwhile_is_a_conflict_not_a_loss(store: Store) -> None:
    """The claim still holds but the ticket has moved on: decide anew; the timer is still ours."""
    stored = store.apply(first(arm=(a_timer(),)), prefix="LZH")
    claim(store)
    later = store.apply(following(stored), prefix="LZH")
    with pytest.raises(Conflict):
        store.apply(fired(stored), prefix="LZH", claim=Claim(owner="one", now=NOW))
    store.apply(fired(later), prefix="LZH", claim=Claim(owner="one", now=NOW))
    assert scalar(store.engine, "SELECT status FROM rectiflow_timer") == "fired"


def test_a_claimed_timer_that_is_gone(store: Store) -> None:
    """Somebody disarmed it while it was claimed: it can be dropped without harm, and fires no more."""
    stored = store.apply(first(arm=(a_timer(),)), prefix="LZH")
    (due,) = claim(store)
    later = store.apply(following(stored, disarm=(a_key(),)), prefix="LZH")
    with pytest.raises(ClaimLost):
        store.apply(fired(later), prefix="LZH", claim=Claim(owner="one", now=NOW))
    store.drop_timer(due)
    assert count(store.engine, "timer") == 0


def test_dropping_leaves_what_has_fired(store: Store) -> None:
    """Only an armed timer can be dropped."""
    stored = store.apply(first(arm=(a_timer(),)), prefix="LZH")
    (due,) = claim(store)
    store.apply(fired(stored), prefix="LZH", claim=Claim(owner="one", now=NOW))
    store.drop_timer(due)
    assert scalar(store.engine, "SELECT status FROM rectiflow_timer") == "fired"


def test_a_failure_is_put_off_then_given_up(store: Store) -> None:
    """Tried again at the time said; at last it stands still, with an incident; and it can be armed again."""
    store.apply(first(arm=(a_timer(),)), prefix="LZH")
    (due,) = claim(store)
    again = NOW + timedelta(minutes=5)
    incident = an_incident("timer:x", "定时任务没有办成")
    store.fail_timer(due, owner="one", error="坏了", retry_at=again, incident=incident, now=NOW)
    assert count(store.engine, "incident") == 0
    assert claim(store, now=NOW + timedelta(minutes=4)) == []
    (due,) = claim(store, now=again)
    assert (due.due_at, due.attempts) == (again, 2)
    store.fail_timer(due, owner="one", error="又坏了", retry_at=None, incident=incident, now=again)
    (kept,) = queries.timers_of(store.engine, HOME.code, due.number)
    assert (kept["status"], kept["error"], kept["owner"]) == ("failed", "又坏了", None)
    assert [i["message"] for i in queries.incidents(store.engine, HOME.code)] == ["定时任务没有办成"]
    assert claim(store, now=again + timedelta(days=9)) == []
    assert queries.retry_timer(store.engine, HOME.code, due.number, due.key, now=again)
    assert not queries.retry_timer(store.engine, HOME.code, due.number, due.key, now=again)
    assert [t.attempts for t in claim(store, now=again)] == [1]


def test_who_lost_the_claim_cannot_fail_it(store: Store) -> None:
    """The one who holds it now is not disturbed, and no incident is opened."""
    store.apply(first(arm=(a_timer(),)), prefix="LZH")
    (due,) = claim(store, "slow")
    claim(store, "quick", LATER)
    store.fail_timer(due, owner="slow", error="坏了", retry_at=None, incident=an_incident(), now=LATER)
    assert count(store.engine, "incident") == 0
    assert scalar(store.engine, "SELECT owner FROM rectiflow_timer") == "quick"


def test_eight_claimers_share_without_overlap(store: Store) -> None:
    """Eight threads claim forty timers five at a time: each timer once, nobody more than asked for."""
    for n in range(40):
        store.apply(first(arm=(a_timer(NOW - timedelta(seconds=n)),)), prefix="LZH")
    taken: list[list[str]] = []

    def work(owner: str) -> None:
        while found := claim(store, owner, limit=5):
            taken.append([t.number for t in found])

    threads = [Thread(target=work, args=(f"w{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(n for batch in taken for n in batch) == [f"LZH-2024-{n:06d}" for n in range(1, 41)]
    assert max(map(len, taken)) <= 5
    assert scalar(store.engine, "SELECT max(attempts) FROM rectiflow_timer") == 1


def test_two_sweepers_fire_each_step_once(flow: Rectiflow) -> None:
    """Two offices on one database tick at once: every reminder is written once, every chain is whole."""
    clock = flow.clock
    assert isinstance(clock, SetClock)
    for _ in range(6):
        assigned(flow)
    clock.forward(days=30)
    sweepers = [office(flow.store.engine, clock=clock) for _ in range(2)]
    fired_counts: list[int] = []

    def sweep(sweeper: Rectiflow) -> None:
        fired_counts.append(sweeper.tick(limit=2).fired)

    threads = [Thread(target=sweep, args=(sweeper,)) for sweeper in sweepers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine = flow.store.engine
    assert sum(fired_counts) == scalar(engine, "SELECT count(*) FROM rectiflow_event WHERE kind = 'timer'")
    assert (
        scalar(engine, "SELECT count(*) FROM rectiflow_timer WHERE status = 'armed' AND due_at <= :n", n=_at(flow)) == 0
    )
    assert all(breaks == () for *_, breaks in flow.audit())
    assert count(engine, "incident") == 0
    for sweeper in sweepers:
        sweeper.store.close()


def _at(flow: Rectiflow) -> Any:
    now = flow.now()
    return now if flow.store.engine.dialect.name == "postgresql" else now.isoformat(" ", "microseconds")


# messages ---------------------------------------------------------------------------------------------------------


def test_messages_are_claimed_oldest_first(store: Store) -> None:
    """As mappings with everything a retry needs; a claim counts as an attempt and keeps others away."""
    message = a_message(urgent=True, channel="sms", params={"unit": "第一小学", "left": None})
    number = store.apply(first(messages=(message,)), prefix="LZH").number
    store.enqueue(HOME.code, [a_message("report")], now=NOW - timedelta(hours=1))
    report, reminder = mine(store)
    assert (report["number"], report["key"], report["attempts"]) == (None, "report:head", 1)
    assert (reminder["district"], reminder["number"], reminder["seq"]) == (HOME.code, number, 1)
    assert (reminder["key"], reminder["recipient"], reminder["template"]) == (f"{number}:2:head", "head", "urge")
    assert (bool(reminder["urgent"]), reminder["channel"], reminder["created_at"]) == (True, "sms", NOW)
    assert reminder["rendered_body"] is None
    assert mine(store, "two") == []
    left = [mine(store, "two", LATER) for _ in range(3)]  # what somebody left is taken one at a time
    assert [[m["attempts"] for m in some] for some in left] == [[2], [2], []]


def test_what_is_rendered_is_kept_for_every_retry(store: Store) -> None:
    """The bytes come back as they were."""
    store.apply(first(messages=(a_message(),)), prefix="LZH")
    (message,) = mine(store)
    assert store.keep_rendered(HOME.code, message["key"], Claim(owner="one", now=NOW), RENDERED, lease=LEASE)
    assert sent(store, message, status="waiting", due_at=NOW)
    (again,) = mine(store)
    assert {name: again[name] for name in RENDERED} == RENDERED
    assert isinstance(bytes(again["rendered_body"]), bytes)


def test_a_lost_message_cannot_be_rendered_or_finished(store: Store) -> None:
    """Another owner, or a lease that ran out while rendering: False, and the row is as it was."""
    store.apply(first(messages=(a_message(),)), prefix="LZH")
    (message,) = mine(store, "slow")
    assert not store.keep_rendered(HOME.code, message["key"], Claim(owner="other", now=NOW), RENDERED, lease=LEASE)
    assert not store.keep_rendered(
        HOME.code, message["key"], Claim(owner="slow", now=NOW + LEASE), RENDERED, lease=LEASE
    )
    mine(store, "quick", LATER)
    incident = an_incident("message:x")
    assert not sent(store, message, "slow", incident=incident)
    assert not sent(store, message, "slow", status="dead", incident=incident)
    assert count(store.engine, "incident") == 0
    assert scalar(store.engine, "SELECT status FROM rectiflow_message") == "waiting"
    assert sent(store, message, "quick")
    assert not sent(store, message, "quick")
    assert mine(store, "three", LATER + timedelta(days=1)) == []


def test_a_lease_that_ran_out_unnoticed_does_not_send_twice(store: Store) -> None:
    """What was sent just after the lease is still recorded as sent, as long as nobody else has taken it."""
    store.apply(first(messages=(a_message(),)), prefix="LZH")
    (message,) = mine(store)
    assert sent(store, message, due_at=LATER, sent_at=LATER)
    assert scalar(store.engine, "SELECT status FROM rectiflow_message") == "sent"


def test_a_dead_message_opens_one_incident(store: Store) -> None:
    """In the same transaction; retrying it later starts anew, without the old words."""
    store.apply(first(messages=(a_message(),)), prefix="LZH")
    (message,) = mine(store)
    store.keep_rendered(HOME.code, message["key"], Claim(owner="one", now=NOW), RENDERED, lease=LEASE)
    assert sent(store, message, status="dead", incident=an_incident("message:x", "未送达"), number=message["number"])
    (incident,) = queries.incidents(store.engine, HOME.code)
    assert (incident["message"], incident["number"]) == ("未送达", message["number"])
    assert mine(store, now=LATER) == []
    assert outbox.retry(store.engine, HOME.code, [message["key"]], now=NOW) == 1
    (again,) = mine(store)
    assert (again["attempts"], again["rendered_body"], again["rendered_to"]) == (1, None, None)


def test_messages_of_one_ticket_reach_a_person_in_turn(store: Store) -> None:
    """While an earlier one is put off or being sent, the later one waits; other people and tickets do not."""
    stored = store.apply(first(messages=(a_message("1"),)), prefix="LZH")
    store.apply(following(stored, messages=(a_message("2"), a_message("2", "chief"))), prefix="LZH")
    store.apply(first(messages=(a_message("1"),)), prefix="LZH")
    one, *others = mine(store, limit=1)
    assert (one["key"], others) == (f"{stored.number}:1:head", [])
    assert sorted(m["key"] for m in mine(store, "two")) == [f"{stored.number}:2:chief", "LZH-2024-000002:1:head"]
    later = NOW + timedelta(hours=1)
    assert sent(store, one, status="waiting", due_at=later)
    assert mine(store, "two") == []
    assert [m["key"] for m in mine(store, "three", later)][:1] == [f"{stored.number}:1:head"]


def test_both_may_be_claimed_together_in_their_order(store: Store) -> None:
    """One claimer gets both at once, the earlier first: it sends them in this order."""
    stored = store.apply(first(messages=(a_message("1"),)), prefix="LZH")
    store.apply(following(stored, messages=(a_message("2"),)), prefix="LZH")
    assert [m["seq"] for m in mine(store)] == [1, 2]


def test_a_cancelled_message_is_not_sent(store: Store) -> None:
    """It stays visible, and what waited behind it goes on."""
    stored = store.apply(first(messages=(a_message("1"),)), prefix="LZH")
    store.apply(following(stored, messages=(a_message("2"),)), prefix="LZH")
    assert outbox.cancel(store.engine, HOME.code, [f"{stored.number}:1:head"], now=NOW) == 1
    assert [m["seq"] for m in mine(store)] == [2]
    assert {m["status"] for m in queries.messages(store.engine, HOME.code)} == {"cancelled", "waiting"}


def test_what_is_being_sent_is_neither_repeated_nor_cancelled(store: Store) -> None:
    """Under a live lease it is left alone, so nothing arrives twice; when the lease has run out it can be had again."""
    stored = store.apply(first(messages=(a_message("1"),)), prefix="LZH")
    assert len(mine(store)) == 1
    key = f"{stored.number}:1:head"
    assert outbox.retry(store.engine, HOME.code, [key], now=NOW) == 0
    assert outbox.cancel(store.engine, HOME.code, [key], now=NOW) == 0
    later = NOW + LEASE + timedelta(seconds=1)
    assert outbox.retry(store.engine, HOME.code, [key], now=later) == 1


def test_messages_of_no_ticket_are_enqueued_once(store: Store) -> None:
    """The month's report is announced once, however many workers come upon it."""
    for _ in range(2):
        store.enqueue(HOME.code, [a_message("report:2024-08"), a_message("report:2024-08", "chief")], now=NOW)
    assert sorted(m["key"] for m in mine(store)) == ["report:2024-08:chief", "report:2024-08:head"]


def test_two_tickets_never_share_a_key(store: Store) -> None:
    """Keys of messages carry the ticket's number."""
    for _ in range(2):
        store.apply(first(messages=(a_message(),)), prefix="LZH")
    assert count(store.engine, "message") == 2


def test_what_a_dead_worker_left_goes_before_what_follows(store: Store) -> None:
    """A later message of the ticket to the same person is not sent before the one that was being sent when a worker died."""
    stored = store.apply(first(messages=(a_message(),)), prefix="LZH")
    (one,) = mine(store, "dead")
    store.apply(following(stored, messages=(a_message("3"),)), prefix="LZH")
    claimed = [m["key"] for _ in range(2) for m in mine(store, "two", LATER)]
    assert claimed[0] == one["key"]


def test_what_was_left_has_its_turn_under_a_steady_inflow(store: Store) -> None:
    """A claim that took free timers is followed by one of what a dead worker left, though more free ones are due."""
    numbers = [store.apply(first(arm=(a_timer(),)), prefix="LZH").number for _ in range(4)]
    (dead,) = claim(store, "dead", limit=1)
    found = [t.number for _ in range(2) for t in claim(store, "two", LATER, limit=1)]
    assert dead.number in found
    assert {t.number for t in claim(store, "two", LATER, limit=9)} == set(numbers) - set(found)


def test_what_is_sent_again_or_given_up_closes_its_incident(store: Store) -> None:
    """Whatever is left open is still true."""
    store.apply(first(messages=(a_message("1"), a_message("2"), a_message("3"))), prefix="LZH")
    for message in mine(store):
        key = f"message:{message['key']}"
        assert sent(store, message, status="dead", incident=an_incident(key, "未送达"), number=message["number"])
    one, two, _three = sorted(m["key"] for m in queries.messages(store.engine, HOME.code))
    assert len(queries.incidents(store.engine, HOME.code)) == 3
    assert outbox.retry(store.engine, HOME.code, [one], now=NOW) == 1
    assert outbox.cancel(store.engine, HOME.code, [two], now=NOW) == 1
    assert len(queries.incidents(store.engine, HOME.code)) == 1
    assert outbox.retry(store.engine, HOME.code, None, now=NOW) == 1
    assert queries.incidents(store.engine, HOME.code) == []


def test_more_messages_than_a_statement_names(store: Store) -> None:
    """Thousands are retried and hurried in one go."""
    store.enqueue(HOME.code, [a_message(f"m{n}") for n in range(1_200)], now=NOW)
    assert outbox.hurry(store.engine, HOME.code, now=NOW) == 1_200
    keys = [m["key"] for m in queries.messages(store.engine, HOME.code)]
    assert outbox.retry(store.engine, HOME.code, keys, now=NOW) == 1_200
    assert outbox.cancel(store.engine, HOME.code, keys, now=NOW) == 1_200


def test_an_incident_of_the_machine_is_settled_by_its_key(store: Store) -> None:
    """Of one district, and not of another."""
    for key in ("channel:mail", "channel:sms"):
        store.raise_incident(HOME.code, an_incident(key), now=NOW)
    assert queries.settle_incidents(store.engine, "999999", [":channel:mail"], now=NOW) == 0
    assert queries.settle_incidents(store.engine, HOME.code, [":channel:mail"], now=NOW) == 1
    assert queries.settle_incidents(store.engine, None, [":channel:mail"], now=NOW) == 0
    assert [i["key"] for i in queries.incidents(store.engine, HOME.code)] == [":channel:sms"]


def test_messages_by_different_channels_do_not_wait_for_one_another(store: Store) -> None:
    """A mail that was put off keeps a later one waiting, not the short message beside it."""
    beside = (a_message("1"), replace(a_message("1"), key="1:head:sms", channel="sms"))
    stored = store.apply(first(messages=beside), prefix="LZH")
    store.apply(following(stored, messages=(a_message("2"),)), prefix="LZH")
    mail = next(m for m in mine(store) if m["channel"] is None and m["seq"] == 1)
    later = NOW + timedelta(hours=1)
    assert sent(store, mail, status="waiting", due_at=later)
    for other in queries.messages(store.engine, HOME.code, status="waiting"):
        sent(store, other, status="waiting", due_at=NOW, attempts=0)
    assert [m["channel"] for m in mine(store, "two")] == ["sms"]


def test_a_claim_is_held_anew_before_handing_over(store: Store) -> None:
    """The lease begins again with each attempt; whoever has lost the claim is told so."""
    store.enqueue(HOME.code, [a_message("report")], now=NOW)
    (message,) = mine(store)
    almost = NOW + LEASE - timedelta(seconds=1)
    assert store.renew_message(HOME.code, message["key"], Claim(owner="one", now=almost), lease=LEASE)
    assert mine(store, "two", NOW + LEASE + timedelta(seconds=5)) == []
    assert not store.renew_message(HOME.code, message["key"], Claim(owner="two", now=almost), lease=LEASE)
    (taken,) = mine(store, "two", almost + LEASE + timedelta(seconds=1))
    assert taken["key"] == message["key"]
    assert not store.renew_message(HOME.code, message["key"], Claim(owner="one", now=almost), lease=LEASE)


def test_what_came_back_can_be_sent_again(store: Store) -> None:
    """A message that was sent is not, unless it came back; by name, or with all others that did; not if it has arrived."""
    store.enqueue(HOME.code, [a_message("one"), a_message("two")], now=NOW)
    for message in mine(store):
        assert sent(store, message)
    engine, home = store.engine, HOME.code
    for keys in (["one:head", "two:head"], None):
        store.raise_incident(home, an_incident("returned:one:head"), now=NOW)
        incoming.came_back(engine, home, "one:head", "退回（550）", now=NOW)
        incoming.came_back(engine, home, "one:head", "退回（550）", now=NOW)
        (back,) = queries.messages(engine, home, status="returned")
        assert back["detail"].startswith("退回（550）；")
        assert back["detail"].count("退回") == 1
        assert [m["key"] for m in queries.messages(engine, home, status="sent")] == ["two:head"]
        assert outbox.retry(engine, home, keys, now=NOW) == 1
        assert queries.incidents(engine, home) == []
        (message,) = mine(store)
        assert message["key"] == "one:head"
        assert sent(store, message)
    for again in (outbox.cancel, outbox.retry):
        incoming.came_back(engine, home, "two:head", "退回（550）", now=NOW)
        incoming.note(engine, home, "two:head", "手机已收到")
        assert again(engine, home, ["two:head"], now=NOW) == 0
    incoming.came_back(engine, home, "two:head", "退回（550）", now=NOW)
    assert outbox.cancel(engine, home, ["two:head"], now=NOW) == 1
    assert outbox.retry(engine, home, None, now=NOW) == 0

"""Once a working day, what was held for a person becomes one message."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from rectiflow._enclosing import ENCLOSED, digest_papers
from rectiflow._lists import is_damaged, list_params
from rectiflow._reasons import lost_reason
from rectiflow.engine.decision import MessageDraft
from rectiflow.engine.enclosing import Told
from rectiflow.engine.errors import WorkplaceError
from rectiflow.engine.moments import ZONE
from rectiflow.engine.telling import mail_of
from rectiflow.notifiers.digest import DIGEST
from rectiflow.storage import digests, outbox

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["gather_digests", "release_held"]

log = logging.getLogger("rectiflow.delivery")
_LONGEST_BREAK = 30  #: days


def gather_digests(flow: Rectiflow, at: time, going: Callable[[], bool] = lambda: True) -> int:
    """Put the digest into the outbox for everybody who is to be told what is held; return how many.

    What was written before `at` of the last working day goes, once for each day and person who is reached: who stands in
    for others has one for all, and who has it already is not looked at again. What is written later waits for the next.
    What has lost its reason is cancelled; what only rests for now stays held; what is about a hazard that cannot be read goes
    by itself, so that the failure is counted. A digest of an earlier day that could not be handed over is taken back: one of
    today says what is still so. `going` is asked after each person: when it says no, the others get theirs the next time.
    """
    moment = _last(flow, at)
    if moment is None:
        return 0
    today = moment.astimezone(ZONE).date()
    digests.take_back(
        flow.store.engine, flow.district, DIGEST, before=today.isoformat(), new=_taken(today),
    )  # fmt: skip
    held = digests.held(flow.store.engine, flow.district, until=moment)
    reached: dict[str, list[Mapping[str, Any]]] = {}
    for person, mine in held.items():
        reached.setdefault(flow.directory().reached_for(person, flow.today()), []).extend(mine)
    made = digests.there(flow.store.engine, flow.district, [_key(today, person) for person in reached])
    count = 0
    for person, rows in reached.items():
        if _key(today, person) in made:
            continue
        count += _gather(flow, person, rows, today)
        if not going():
            break
    return count


def release_held(flow: Rectiflow) -> int:
    """Let everything that is held go by itself: there is no digest any more. Return how many."""
    return digests.release(flow.store.engine, flow.district, now=flow.now())


def _last(flow: Rectiflow, at: time) -> datetime | None:
    """Return the last time of day on a working day that has passed."""
    now = flow.now().astimezone(ZONE)
    days = (now.date() - timedelta(days=n) for n in range(_LONGEST_BREAK))
    moments = (datetime.combine(d, at, ZONE) for d in days if flow.calendar.is_workday(d))
    return next((m for m in moments if m <= now), None)


def _gather(flow: Rectiflow, person: str, rows: Sequence[Mapping[str, Any]], day: date) -> bool:
    engine, now, gone, unread = flow.store.engine, flow.now(), dict[str, list[str]](), list[str]()
    kept: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        if is_damaged(row, now):
            unread.append(row["key"])
            continue
        try:
            sent = _sent(flow, row)
            if sent is None and lost_reason(flow, row) is None:
                kept[row["key"]] = row
                continue
            why = sent or lost_reason(flow, row, paused=False)
        except WorkplaceError:  # the database is away, which is no message's fault
            raise
        except Exception:
            log.exception("隐患 %s 读不出来，它的消息不并入汇总", row["number"])
            unread.append(row["key"])
            continue
        if why is not None:
            gone.setdefault(why, []).append(row["key"])
    if unread:
        digests.let_out(engine, flow.district, unread, now=now)
    for why, keys in gone.items():
        digests.cancel_held(engine, flow.district, keys, why)
    papers = {key: _papers(flow, row) for key, row in kept.items()}

    def digest(keys: Sequence[str]) -> MessageDraft:
        said = list_params(flow, DIGEST, [kept[k] for k in keys], person)
        enclosed = " ".join(dict.fromkeys(p for k in keys for p in papers[k]))
        params = {**said, ENCLOSED: enclosed or None, digests.TAKEN_IN: "\n".join(keys)}
        return MessageDraft(key=_key(day, person), recipient=person, template=DIGEST, params=params)

    return digests.merge(engine, flow.district, digest, list(kept), _taken(day), now=now)


def _key(day: date, person: str) -> str:
    return f"{DIGEST}:{day.isoformat()}:{person}"


def _sent(flow: Rectiflow, row: Mapping[str, Any]) -> str | None:
    """Say that what a short message repeats has gone as mail meanwhile, or goes."""
    mail = mail_of(row["key"])
    other = outbox.standing_of(flow.store.engine, flow.district, mail) if mail else None
    return "同样的内容已另发邮件" if other is not None and other.status in ("sent", "waiting") else None


def _taken(day: date) -> str:
    """Return what is noted of a message that went into the digest of a day."""
    return f"并入 {day:%m-%d} 的汇总"


def _papers(flow: Rectiflow, row: Mapping[str, Any]) -> list[str]:
    told = Told(
        key=row["key"], number=row["number"], occasion=row["template"], params=row["params"], at=row["created_at"]
    )
    return digest_papers(flow, told)

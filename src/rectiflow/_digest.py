"""Once a working day, what was held for a person becomes one message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from rectiflow._enclosing import ENCLOSED, digest_papers
from rectiflow._outbox import hushed
from rectiflow._reasons import lost_reason
from rectiflow.engine.decision import MessageDraft
from rectiflow.engine.enclosing import Told
from rectiflow.engine.moments import ZONE
from rectiflow.notifiers.digest import DIGEST, Held, digest_params
from rectiflow.notifiers.parameters import RESTRICTED
from rectiflow.storage import digests, queries

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["gather_digests", "release_held"]

_LONGEST_BREAK = 30  #: days


def gather_digests(flow: Rectiflow, at: time) -> int:
    """Put the digest into the outbox for everybody for whom something is held; return how many.

    What was written before `at` of the last working day goes, once for each person and day; what is written later waits for
    the next. What has lost its reason is cancelled; what only rests for now stays held. A digest of an earlier day that could
    not be handed over is taken back: one of today says what is still so.
    """
    moment = _last(flow, at)
    if moment is None:
        return 0
    today = moment.astimezone(ZONE).date()
    digests.take_back(
        flow.store.engine, flow.district, DIGEST, lambda day: _taken(date.fromisoformat(day)),
        before=today.isoformat(), new=_taken(today),
    )  # fmt: skip
    held = digests.held(flow.store.engine, flow.district, until=moment)
    return sum(_gather(flow, person, rows, today) for person, rows in held.items())


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
    engine, now, gone = flow.store.engine, flow.now(), dict[str, list[str]]()
    kept: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        why = lost_reason(flow, row, paused=False)
        if why is not None:
            gone.setdefault(why, []).append(row["key"])
        elif lost_reason(flow, row) is None:
            kept[row["key"]] = row
    for why, keys in gone.items():
        digests.cancel_held(engine, flow.district, keys, why)
    numbers = sorted({r["number"] for r in kept.values() if r["number"]})
    hidden = queries.restricted_numbers(engine, flow.district, numbers)
    papers = {key: _papers(flow, row) for key, row in kept.items() if row["number"] not in hidden}

    def digest(keys: Sequence[str]) -> MessageDraft:
        held = (_held(kept[key], hushing=kept[key]["number"] in hidden) for key in keys)
        key = f"{DIGEST}:{day.isoformat()}:{person}"
        enclosed = " ".join(dict.fromkeys(p for k in keys for p in papers.get(k, ())))
        params = {**digest_params(held), ENCLOSED: enclosed or None}
        return MessageDraft(key=key, recipient=person, template=DIGEST, params=params)

    return digests.merge(engine, flow.district, digest, list(kept), _taken(day), now=now)


def _taken(day: date) -> str:
    """Return what is noted of a message that went into the digest of a day."""
    return f"并入 {day:%m-%d} 的汇总"


def _papers(flow: Rectiflow, row: Mapping[str, Any]) -> list[str]:
    told = Told(
        key=row["key"], number=row["number"], occasion=row["template"], params=row["params"], at=row["created_at"]
    )
    return digest_papers(flow, told)


def _held(row: Mapping[str, Any], *, hushing: bool) -> Held:
    """Return what was held; of a hazard that has become restricted since, its number alone."""
    if hushing:
        return Held(number=row["number"], template=RESTRICTED, params=hushed(row["params"]))
    return Held(number=row["number"], template=row["template"], params=row["params"])

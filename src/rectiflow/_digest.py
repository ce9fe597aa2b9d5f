"""Once a working day, what was held for a person becomes one message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import TYPE_CHECKING, Any

from rectiflow._outbox import lost_reason
from rectiflow.engine.decision import MessageDraft
from rectiflow.engine.moments import ZONE
from rectiflow.notifiers.digest import DIGEST, Held, digest_params
from rectiflow.storage import digests

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["gather_digests"]


def gather_digests(flow: Rectiflow, at: time) -> int:
    """Put the digest of today into the outbox for everybody for whom something is held; return how many.

    On working days from `at` on, once for each person; what is written later waits for the next working day. What has lost
    its reason is cancelled.
    """
    now = flow.now()
    local, today = now.astimezone(ZONE), flow.today()
    if local.time() < at or not flow.calendar.is_workday(today):
        return 0
    return sum(
        _gather(flow, person, rows, today) for person, rows in digests.held(flow.store.engine, flow.district).items()
    )


def _gather(flow: Rectiflow, person: str, rows: Sequence[Mapping[str, Any]], today: date) -> bool:
    engine, now, gone = flow.store.engine, flow.now(), dict[str, list[str]]()
    kept: list[Mapping[str, Any]] = []
    for row in rows:
        why = lost_reason(flow.store, row["key"], row["number"])
        if why is None:
            kept.append(row)
        else:
            gone.setdefault(why, []).append(row["key"])
    for why, keys in gone.items():
        digests.cancel_held(engine, flow.district, keys, why)
    if not kept:
        return False
    keys = [row["key"] for row in kept]
    held = (Held(number=r["number"], template=r["template"], params=r["params"]) for r in kept)
    digest = MessageDraft(
        key=f"{DIGEST}:{today.isoformat()}:{person}", recipient=person, template=DIGEST, params=digest_params(held)
    )
    return digests.merge(engine, flow.district, digest, keys, f"并入 {today:%m-%d} 的汇总", now=now)

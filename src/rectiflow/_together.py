"""Steps of one clock that come due at once for one person are told in one message, not in one for each hazard."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rectiflow._reasons import TOGETHER, lost_reason
from rectiflow.engine.days import told_on
from rectiflow.engine.decision import MessageDraft
from rectiflow.engine.errors import RectiflowError
from rectiflow.notifiers.digest import DIGEST, Held, digest_params
from rectiflow.notifiers.message import MAJOR
from rectiflow.notifiers.parameters import RESTRICTED
from rectiflow.storage import digests, queries

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["gather_steps"]

#: the key of a ladder step's message: number, clock, run, version, step, occurrence, person
_STEP = re.compile(r"[^:]+:(?P<clock>[a-z]\w*):\d+:\d+:[^:]+:\d+:.+")
_TAKEN = "与同时到期的其他隐患并作一条"


def gather_steps(flow: Rectiflow) -> int:
    """Put one message into the outbox in the place of several that wait for a person about one clock; return how many.

    What was tried already, what is about a major hazard and what says no more than a number goes by itself.
    """
    groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for row in digests.going(flow.store.engine, flow.district, now=flow.now()):
        step = _STEP.fullmatch(row["key"])
        if step is not None and row["template"] != RESTRICTED and row["params"].get("severity") != MAJOR:
            key = (row["recipient"], row["channel"] or "", row["template"], step["clock"])
            groups.setdefault(key, []).append(row)
    return sum(_gather(flow, rows) for rows in groups.values() if len(rows) > 1)


def _gather(flow: Rectiflow, rows: Sequence[Mapping[str, Any]]) -> bool:
    engine, district = flow.store.engine, flow.district
    hidden = queries.restricted_numbers(engine, district, sorted({r["number"] for r in rows}))
    kept = {r["key"]: r for r in rows if r["number"] not in hidden and _stands(flow, r)}
    if len(kept) < 2:
        return False

    def one(keys: Sequence[str]) -> MessageDraft:
        first, items = kept[keys[0]], (kept[key] for key in keys)
        held = [
            Held(number=r["number"], template=r["template"], params=told_on(r["params"], flow.now())) for r in items
        ]
        said = {"clock": first["params"].get("clock"), digests.TAKEN_IN: "\n".join(keys)}
        return MessageDraft(
            key=f"{TOGETHER}{keys[0]}",
            recipient=first["recipient"],
            template=DIGEST,
            params={**digest_params(held), **said},
            urgent=True,
            channel=first["channel"],
        )

    return digests.merge(engine, district, one, list(kept), _TAKEN, now=flow.now(), status="waiting")


def _stands(flow: Rectiflow, row: Mapping[str, Any]) -> bool:
    """Tell whether there is still a reason for a message; one that cannot be told goes by itself, and is judged there."""
    try:
        return lost_reason(flow, row) is None
    except RectiflowError:
        raise
    except Exception:  # noqa: BLE001 a hazard that cannot be read is counted against its own message
        return False

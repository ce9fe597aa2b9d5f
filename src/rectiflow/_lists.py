"""Messages that list others: the digest of a day, and steps that come due together.

What they say is made of what stands of their parts, and made anew just before it goes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from rectiflow._outbox import hushed
from rectiflow._reasons import part_reason, to_sign
from rectiflow.engine.days import told_on
from rectiflow.engine.errors import RectiflowError
from rectiflow.engine.telling import event_of
from rectiflow.notifiers.digest import LISTS, STEPS_DUE, Held, digest_params, steps_params
from rectiflow.notifiers.parameters import RESTRICTED
from rectiflow.storage import digests, queries

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow.notifiers import Message, Param

__all__ = ["is_damaged", "list_params", "listed_anew"]

Row = Mapping[str, Any]  #: of the outbox
_TIMES = ("days_left", "days_overdue", "hours_left", "hours_overdue")


def is_damaged(row: Row, now: datetime) -> bool:
    """Tell whether what a message tells cannot be read: the dispatcher gives it up, and nothing else may stop at it."""
    params: Any = row["params"]
    try:
        told_on({**params}, now)
    except (TypeError, ValueError):
        return True
    return False


def list_params(flow: Rectiflow, template: str, rows: Sequence[Row], person: str) -> dict[str, Param]:
    """Return what the template of a list is given about what it took in: each event once, of the restricted the number alone.

    Args:
        rows: of the outbox, in their order.
        person: who gets the list; what is for others is marked with their names.
    """
    numbers = sorted({row["number"] for row in rows if row["number"]})
    hidden = queries.restricted_numbers(flow.store.engine, flow.district, numbers)
    held = [_held(flow, row, person, hushing=row["number"] in hidden) for row in _each_once(rows, person)]
    said = steps_params(held) if template == STEPS_DUE else digest_params(held)
    shown = (row for row in rows if row["number"] not in hidden)
    return {**said, "invited": any(_invited(flow, template, row) for row in shown)}


def _invited(flow: Rectiflow, template: str, row: Row) -> bool:
    """Tell whether who gets a list can answer about a part: to steps as to each alone, to a digest only to sign."""
    if template == STEPS_DUE:
        return row["params"].get("invited") is not False
    try:
        return to_sign(flow, row)
    except RectiflowError:
        raise
    except Exception:  # noqa: BLE001 its hazard cannot be read
        return False


def _each_once(rows: Sequence[Row], person: str) -> list[Row]:
    """Return one message for each event: one's own before those for others, a mail before its short message."""
    ordered = sorted(rows, key=lambda row: row["recipient"] != person)
    once = {event_of(row["key"], row["recipient"]): row["key"] for row in reversed(ordered)}
    chosen = frozenset(once.values())
    return [row for row in rows if row["key"] in chosen]


def listed_anew(flow: Rectiflow, message: Message) -> Message:
    """Return a list as it is now: without what is over, and of what has become restricted the number alone.

    The same message where nothing has changed; every message that is no list stays as it is.
    """
    if message.template not in LISTS:
        return message
    parts = digests.parts(flow.store.engine, flow.district, digests.taken_keys(message.params))
    rows = [row for row in parts if part_reason(flow, row) is None] or parts  # that all is over is said elsewhere
    if not rows:
        return message
    params = {**message.params, **list_params(flow, message.template, rows, message.recipient)}
    return message if params == dict(message.params) else replace(message, params=params, rendered=None)


def _held(flow: Rectiflow, row: Row, person: str, *, hushing: bool) -> Held:
    away = flow.directory().person_name(row["recipient"]) if row["recipient"] != person else ""
    params = told_on(row["params"], flow.now())
    if hushing:  # how the time stands is said of all together
        params = {**hushed(params), **{name: params.get(name) for name in _TIMES}}
    template = RESTRICTED if hushing else row["template"]
    return Held(number=row["number"], template=template, params=params, standing_in_for=away)

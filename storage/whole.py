"""PostgreSQL: one decision is one statement, which takes everything as one JSON value with a list of rows per table.

Nothing is written unless the ticket's version still fits and, for a timer, the claim still holds. The ticket's row is
locked first, the timers' after it, by everybody: nobody waits in a circle.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from .tables import table

__all__ = ["holding", "writing"]

_TIMER = tuple(c.name for c in table("timer").primary_key)
_SAME_TIMER = " AND ".join(f"x.{name} = k.{name}" for name in _TIMER)
_ADDED = ("event", "private")
_OVERWRITTEN = ("clock", "request", "document")
_ONCE = ("document_item", "task", "message", "evidence", "incident")


@cache
def writing(*names: str, created: bool) -> str:
    """Return the statement for a ticket and lists of rows of these names, `fired` for the timer it answers.

    What is not written is not in it: a server needs time for every part, empty or not.
    """
    if created:
        return _statement("INSERT INTO rectiflow_ticket SELECT * FROM r RETURNING 1", names)
    columns = ", ".join(c.name for c in table("ticket").c)
    claimed = " AND EXISTS (SELECT 1 FROM f)" if "fired" in names else ""
    return _statement(
        f"UPDATE rectiflow_ticket x SET ({columns}) = (SELECT {columns} FROM r)"  # noqa: S608 names are ours
        f" FROM r WHERE x.district = r.district AND x.number = r.number AND x.rev = r.rev - 1{claimed} RETURNING 1",
        names,
    )


def holding() -> str:
    """Write the question whether the claim of a timer still holds: owner and time, then the timer's key."""
    key = " AND ".join(f"{name} = %s" for name in _TIMER)
    return f"SELECT owner = %s AND lease_until > %s::timestamptz FROM rectiflow_timer WHERE {key}"  # noqa: S608


def _statement(ticket: str, names: Sequence[str]) -> str:
    parts = {
        "p": "SELECT %(rows)s::jsonb AS j",
        "r": "SELECT x.* FROM p, jsonb_populate_record(NULL::rectiflow_ticket, p.j -> 'ticket') x",
        **(_CLAIMED if "fired" in names else {}),
        "t": ticket,
        **{name: _PARTS[name] for name in names},
    }
    return "WITH " + ",\n".join(f"{name} AS ({sql})" for name, sql in parts.items()) + "\nSELECT count(*) FROM t"


def _rows(target: str, source: str) -> str:
    return f"jsonb_populate_recordset(NULL::rectiflow_{target}, p.j -> '{source}')"


def _insert(target: str, source: str, conflict: str) -> str:
    return f"INSERT INTO rectiflow_{target} SELECT x.* FROM t, p, {_rows(target, source)} x {conflict}"  # noqa: S608


def _overwrite(name: str) -> str:
    target = table(name)
    key = [c.name for c in target.primary_key]
    rest = ", ".join(f"{c.name} = EXCLUDED.{c.name}" for c in target.c if c.name not in key)
    return f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {rest}"


_CLAIMED = {
    "k": f"SELECT x.* FROM p, {_rows('timer', 'fired')} x",  # noqa: S608
    "f": f"SELECT 1 FROM rectiflow_timer x JOIN k ON {_SAME_TIMER}"  # noqa: S608
    " WHERE x.status = 'armed' AND x.owner = %(owner)s AND x.lease_until > %(now)s::timestamptz",
}
_PARTS = {
    "fired": "UPDATE rectiflow_timer x SET status = 'fired', fired_at = k.fired_at, owner = NULL, lease_until = NULL"  # noqa: S608
    f" FROM k, t WHERE {_SAME_TIMER}",
    "disarmed": f"DELETE FROM rectiflow_timer x USING t, p, {_rows('timer', 'disarmed')} k"  # noqa: S608
    f" WHERE {_SAME_TIMER} AND x.status = 'armed'",
    "ended": "UPDATE rectiflow_task x SET status = 'done', ended_at = k.ended_at"  # noqa: S608
    f" FROM t, p, {_rows('task', 'ended')} k"
    " WHERE x.district = k.district AND x.number = k.number AND x.clock = k.clock AND x.status = 'open'",
    **{name: _insert(name, name, "") for name in _ADDED},
    **{name: _insert(name, name, _overwrite(name)) for name in _OVERWRITTEN},
    **{name: _insert(name, name, "ON CONFLICT DO NOTHING") for name in _ONCE},
    "armed": _insert("timer", "armed", f"{_overwrite('timer')} WHERE rectiflow_timer.status IN ('armed', 'failed')"),
    "crossed": _insert("timer", "crossed", "ON CONFLICT DO NOTHING"),
}

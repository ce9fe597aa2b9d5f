"""PostgreSQL: one decision is one statement, which takes everything as one JSON value with a list of rows per table.

Nothing is written unless the ticket's version still fits and, for a timer, the claim still holds. The ticket's row is
locked first, the timers' after it, by everybody: nobody waits in a circle.
"""

from __future__ import annotations

from .tables import table

__all__ = ["changing", "creating", "holding"]

_TIMER = tuple(c.name for c in table("timer").primary_key)
_SAME_TIMER = " AND ".join(f"x.{name} = k.{name}" for name in _TIMER)
_ADDED = ("event", "private")
_OVERWRITTEN = ("clock", "request", "document")
_ONCE = ("document_item", "task", "message", "evidence", "incident")


def creating() -> str:
    """Write the statement for a new ticket with everything."""
    return _statement("INSERT INTO rectiflow_ticket SELECT * FROM r RETURNING 1")


def changing() -> str:
    """Write the statement for a changed ticket with everything."""
    columns = ", ".join(c.name for c in table("ticket").c)
    return _statement(
        f"UPDATE rectiflow_ticket x SET ({columns}) = (SELECT {columns} FROM r)"  # noqa: S608 names are ours
        " FROM r WHERE x.district = r.district AND x.number = r.number AND x.rev = r.rev - 1"
        " AND ((SELECT j -> 'fired' FROM p) IS NULL OR EXISTS (SELECT 1 FROM f)) RETURNING 1"
    )


def holding() -> str:
    """Write the question whether the claim of a timer still holds: owner and time, then the timer's key."""
    key = " AND ".join(f"{name} = %s" for name in _TIMER)
    return f"SELECT owner = %s AND lease_until > %s::timestamptz FROM rectiflow_timer WHERE {key}"  # noqa: S608


def _statement(ticket: str) -> str:
    parts = {
        "p": "SELECT %(rows)s::jsonb AS j",
        "r": "SELECT x.* FROM p, jsonb_populate_record(NULL::rectiflow_ticket, p.j -> 'ticket') x",
        "k": f"SELECT x.* FROM p, {_rows('timer', 'fired')} x",  # noqa: S608
        "f": f"SELECT 1 FROM rectiflow_timer x JOIN k ON {_SAME_TIMER}"  # noqa: S608
        " WHERE x.status = 'armed' AND x.owner = %(owner)s AND x.lease_until > %(now)s::timestamptz",
        "t": ticket,
        "u": "UPDATE rectiflow_timer x SET status = 'fired', fired_at = k.fired_at, owner = NULL, lease_until = NULL"  # noqa: S608
        f" FROM k, t WHERE {_SAME_TIMER}",
        "d": f"DELETE FROM rectiflow_timer x USING t, p, {_rows('timer', 'disarmed')} k"  # noqa: S608
        f" WHERE {_SAME_TIMER} AND x.status = 'armed'",
        "e": "UPDATE rectiflow_task x SET status = 'done', ended_at = k.ended_at"  # noqa: S608
        f" FROM t, p, {_rows('task', 'ended')} k"
        " WHERE x.district = k.district AND x.number = k.number AND x.clock = k.clock AND x.status = 'open'",
        **{name: _insert(name, name, "") for name in _ADDED},
        **{name: _insert(name, name, _overwrite(name)) for name in _OVERWRITTEN},
        **{name: _insert(name, name, "ON CONFLICT DO NOTHING") for name in _ONCE},
        "armed": _insert(
            "timer", "armed", f"{_overwrite('timer')} WHERE rectiflow_timer.status IN ('armed', 'failed')"
        ),
        "crossed": _insert("timer", "crossed", "ON CONFLICT DO NOTHING"),
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

# noqa: INP001 a folder, no package: as a package it would hide the library it is called after
# mypy: ignore-errors
# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false
# These libraries are in the environment of this peer only, where no checker looks.
"""The naive way: an SQLModel session that gets the row, changes it, adds rows and commits, and a Machine built per ticket.

Every step opens a session, gets the ticket, builds a `transitions` Machine for it with the roles and guards as conditions,
fires the trigger, writes the ticket, a history row, timers and outbox rows, and commits (SQLite, WAL, synchronous=FULL).
No hash chain, no clocks beside the timers, no evidence rows, no counter for the numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from hazard import NOW, PEOPLE, REPORT, STATES, STEPS, Step, guard, may, message, numbers
from serving import PRAGMAS, repeated, serve
from sqlalchemy import Engine, event
from sqlmodel import JSON, Column, Field, Session, SQLModel, create_engine
from transitions import Machine


class Ticket(SQLModel, table=True):
    """A hazard as it is now."""

    number: str = Field(primary_key=True)
    state: str
    rev: int = 1
    unit: str = Field(index=True)
    due_on: str | None = None
    is_open: bool = Field(default=True, index=True)
    fields: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    taken: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))


class History(SQLModel, table=True):
    """What was done, by whom."""

    number: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    trigger: str
    from_state: str
    to_state: str
    actor: str
    recorded_at: datetime
    data: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class Timer(SQLModel, table=True):
    """What falls due."""

    number: str = Field(primary_key=True)
    clock: str = Field(primary_key=True)
    status: str = "armed"
    due_at: datetime = Field(index=True)


class Outbox(SQLModel, table=True):
    """Whom to tell."""

    key: str = Field(primary_key=True)
    number: str
    recipient: str
    status: str = Field(default="waiting", index=True)
    created_at: datetime
    params: str


class Life:
    """What the machine moves; it cannot take the row itself, on which it may not set attributes."""

    state: str
    trigger: Callable[[str], bool]

    def __init__(self, ticket: Ticket) -> None:
        self.machine = Machine(
            model=self, states=list(STATES), transitions=[_transition(s, ticket) for s in STEPS], initial=ticket.state
        )


def _transition(step: Step, ticket: Ticket) -> dict[str, Any]:
    return {
        "trigger": step.trigger,
        "source": step.source,
        "dest": step.target,
        "conditions": [
            lambda: may(step, PEOPLE[step.actor]),
            lambda: guard(step, {**ticket.fields, **step.data}, ticket.taken),
        ],
    }


def create(engine: Engine, number: str) -> None:
    """Report a hazard."""
    if not may(REPORT, PEOPLE[REPORT.actor]):
        raise PermissionError(REPORT.trigger)
    with Session(engine) as session:
        ticket = Ticket(
            number=number, state=REPORT.target, unit="school", fields=dict(REPORT.data), taken={"report": REPORT.actor}
        )
        session.add(ticket)
        _beside(session, ticket, REPORT)
        session.commit()


def take(engine: Engine, number: str, step: Step) -> None:
    """Do one step."""
    with Session(engine) as session:
        ticket = session.get_one(Ticket, number)
        life = Life(ticket)
        if not life.trigger(step.trigger):
            raise PermissionError(step.trigger)
        ticket.state = life.state
        ticket.rev += 1
        ticket.fields = {**ticket.fields, **step.data}
        ticket.taken = {**ticket.taken, step.trigger: step.actor}
        ticket.due_on = ticket.fields.get("due_on")
        ticket.is_open = ticket.state != "closed"
        session.add(ticket)
        if step.disarm:
            session.delete(session.get_one(Timer, (number, step.disarm)))
        _beside(session, ticket, step)
        session.commit()


def _beside(session: Session, ticket: Ticket, step: Step) -> None:
    number, seq = ticket.number, ticket.rev
    session.add(
        History(
            number=number,
            seq=seq,
            trigger=step.trigger,
            from_state=step.source,
            to_state=step.target,
            actor=step.actor,
            recorded_at=NOW,
            data=dict(step.data),
        )
    )
    for clock, due_at in step.due():
        session.add(Timer(number=number, clock=clock, due_at=due_at))
    for name in step.tell:
        params = message(step, number, name, ticket.due_on)
        session.add(Outbox(key=f"{number}:{seq}:{name}", number=number, recipient=name, created_at=NOW, params=params))


def lifecycle(engine: Engine) -> Callable[[], None]:
    """Return one lifecycle."""
    number = numbers("NAIVE")

    def once() -> None:
        own = number()
        create(engine, own)
        for step in STEPS:
            take(engine, own, step)

    return once


def main() -> None:
    """Open a new file."""
    engine = create_engine("sqlite:///naive.db")

    @event.listens_for(engine, "connect")
    def _set(connection: Any, _record: Any) -> None:
        for pragma in PRAGMAS:
            connection.execute(pragma)

    SQLModel.metadata.create_all(engine)
    serve(repeated(lifecycle(engine)))


if __name__ == "__main__":
    main()

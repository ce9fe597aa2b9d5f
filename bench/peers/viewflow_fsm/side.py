# noqa: INP001 a folder, no package: as a package it would hide the library it is called after
# mypy: ignore-errors
# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false
# These libraries are in the environment of this peer only, where no checker looks.
"""viewflow.fsm: a flow class with transitions, permissions and conditions, and the rows beside the ticket, by Django's ORM.

Every step is one `atomic` block (SQLite, WAL, synchronous=FULL, BEGIN IMMEDIATE): get the ticket, ask the permission, fire
the transition with its conditions, save, add history, timers and outbox rows. No hash chain, no clocks beside the timers,
no evidence rows, no counter for the numbers, no user table to ask.
"""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import models
from django_rows import TicketColumns, lifecycle
from hazard import STATES, STEPS, Person, Step, guard, may
from serving import repeated, serve
from viewflow.fsm import State

ASSIGN, SIGN, SUBMIT, PASS, CLOSE = STEPS


class Ticket(TicketColumns):
    """A hazard with its state, which only the flow changes."""

    state = models.CharField(max_length=30, default="reported")


def _rules(step: Step) -> dict[str, object]:
    return {
        "source": step.source,
        "target": step.target,
        "permission": lambda _, person: may(step, person),
        "conditions": [lambda flow: guard(step, flow.ticket.fields, flow.ticket.taken)],
    }


class HazardFlow:
    """What may be done with a ticket in which state."""

    state = State(STATES, default="reported")

    def __init__(self, ticket: Ticket) -> None:
        self.ticket = ticket

    @state.setter()
    def _set_state(self, value: str) -> None:
        self.ticket.state = value

    @state.getter()
    def _get_state(self) -> str:
        return self.ticket.state

    @state.transition(**_rules(ASSIGN))
    def assign(self) -> None:
        """Hand it to whoever is responsible."""

    @state.transition(**_rules(SIGN))
    def sign(self) -> None:
        """Acknowledge it."""

    @state.transition(**_rules(SUBMIT))
    def submit(self) -> None:
        """Ask for verification."""

    @state.transition(**_rules(PASS))
    def passed(self) -> None:
        """Find it rectified."""

    @state.transition(**_rules(CLOSE))
    def close(self) -> None:
        """Close it out."""


def act(ticket: Ticket, step: Step, person: Person) -> None:
    """Fire the transition of a step."""
    method = getattr(HazardFlow(ticket), "passed" if step is PASS else step.trigger)
    if not method.has_perm(person):
        raise PermissionDenied(step.trigger)
    method()


if __name__ == "__main__":
    serve(repeated(lifecycle(Ticket, "VIEW", act)))

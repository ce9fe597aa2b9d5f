# noqa: INP001 a folder, no package: as a package it would hide the library it is called after
# mypy: ignore-errors
# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false
# These libraries are in the environment of this peer only, where no checker looks.
"""django-fsm-2: an FSMField with transitions, permissions and conditions, and the rows beside the ticket, by Django's ORM.

Every step is one `atomic` block (SQLite, WAL, synchronous=FULL, BEGIN IMMEDIATE): get the ticket, ask the permission, fire
the transition with its conditions, save under the check for concurrent transitions, add history, timers and outbox rows.
No hash chain, no clocks beside the timers, no evidence rows, no counter for the numbers, no user table to ask.
"""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django_fsm import ConcurrentTransitionMixin, FSMField, has_transition_perm, transition
from django_rows import TicketColumns, lifecycle
from hazard import STEPS, Person, Step, guard, may
from serving import repeated, serve

ASSIGN, SIGN, SUBMIT, PASS, CLOSE = STEPS


def _rules(step: Step) -> dict[str, object]:
    return {
        "source": step.source,
        "target": step.target,
        "permission": lambda _, person: may(step, person),
        "conditions": [lambda ticket: guard(step, ticket.fields, ticket.taken)],
    }


class Ticket(ConcurrentTransitionMixin, TicketColumns):
    """A hazard with its state and what may be done in it."""

    state = FSMField(default="reported", protected=True)

    @transition(field=state, **_rules(ASSIGN))
    def assign(self) -> None:
        """Hand it to whoever is responsible."""

    @transition(field=state, **_rules(SIGN))
    def sign(self) -> None:
        """Acknowledge it."""

    @transition(field=state, **_rules(SUBMIT))
    def submit(self) -> None:
        """Ask for verification."""

    @transition(field=state, **_rules(PASS))
    def passed(self) -> None:
        """Find it rectified."""

    @transition(field=state, **_rules(CLOSE))
    def close(self) -> None:
        """Close it out."""


def act(ticket: Ticket, step: Step, person: Person) -> None:
    """Fire the transition of a step."""
    method = getattr(ticket, "passed" if step is PASS else step.trigger)
    if not has_transition_perm(method, person):
        raise PermissionDenied(step.trigger)
    method()


if __name__ == "__main__":
    serve(repeated(lifecycle(Ticket, "FSM", act)))

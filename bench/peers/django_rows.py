# mypy: ignore-errors
# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false
# These libraries are in the environment of this peer only, where no checker looks.
"""What the two Django peers share: settings, the ticket's columns, and the rows beside it; imported before any model."""

from __future__ import annotations

from collections.abc import Callable

import django
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import connection, models, transaction
from hazard import NOW, PEOPLE, REPORT, STEPS, Person, Step, message, numbers
from serving import PRAGMAS

Act = Callable[[models.Model, Step, Person], None]  #: fires the transition of the ticket, or refuses it

settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": "django.db",
            "OPTIONS": {"init_command": "; ".join(PRAGMAS), "transaction_mode": "IMMEDIATE"},
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)
django.setup()


class TicketColumns(models.Model):
    """A hazard as it is now, but for its state, which each peer keeps in its own way."""

    number = models.CharField(max_length=40, primary_key=True)
    rev = models.IntegerField(default=1)
    unit = models.CharField(max_length=40, db_index=True)
    due_on = models.CharField(max_length=10, null=True)
    is_open = models.BooleanField(default=True, db_index=True)
    fields = models.JSONField(default=dict)
    taken = models.JSONField(default=dict)

    class Meta:
        """Columns only."""

        abstract = True
        app_label = "peer"


class History(models.Model):
    """What was done, by whom."""

    number = models.CharField(max_length=40)
    seq = models.IntegerField()
    trigger = models.CharField(max_length=20)
    from_state = models.CharField(max_length=30)
    to_state = models.CharField(max_length=30)
    actor = models.CharField(max_length=40)
    recorded_at = models.DateTimeField()
    data = models.JSONField(default=dict)

    class Meta:
        """One row for each step."""

        app_label = "peer"
        constraints = (models.UniqueConstraint("number", "seq", name="history_step"),)


class Timer(models.Model):
    """What falls due."""

    number = models.CharField(max_length=40)
    clock = models.CharField(max_length=20)
    status = models.CharField(max_length=10, default="armed")
    due_at = models.DateTimeField(db_index=True)

    class Meta:
        """One row for each clock that runs."""

        app_label = "peer"
        constraints = (models.UniqueConstraint("number", "clock", name="timer_clock"),)


class Outbox(models.Model):
    """Whom to tell."""

    key = models.CharField(max_length=80, primary_key=True)
    number = models.CharField(max_length=40)
    recipient = models.CharField(max_length=40)
    status = models.CharField(max_length=10, default="waiting", db_index=True)
    created_at = models.DateTimeField()
    params = models.TextField()

    class Meta:
        """One row for each message."""

        app_label = "peer"


def lifecycle(ticket_model: type[models.Model], prefix: str, act: Act) -> Callable[[], None]:
    """Make the tables; return one lifecycle of tickets of this model, whose transitions `act` fires."""
    with connection.schema_editor() as editor:
        for model in (ticket_model, History, Timer, Outbox):
            editor.create_model(model)
    number = numbers(prefix)

    def once() -> None:
        own = number()
        create(ticket_model, own)
        for step in STEPS:
            take(ticket_model, own, step, act)

    return once


def create(ticket_model: type[models.Model], number: str) -> None:
    """Report a hazard."""
    if REPORT.role not in PEOPLE[REPORT.actor].roles:
        raise PermissionDenied(REPORT.trigger)
    with transaction.atomic():
        ticket = ticket_model.objects.create(
            number=number, unit="school", fields=dict(REPORT.data), taken={"report": REPORT.actor}
        )
        beside(ticket, REPORT)


def take(ticket_model: type[models.Model], number: str, step: Step, act: Act) -> None:
    """Do one step: get the ticket, fire the transition, save it with the rows beside it, commit."""
    with transaction.atomic():
        ticket = ticket_model.objects.get(number=number)
        ticket.fields.update(step.data)
        act(ticket, step, PEOPLE[step.actor])
        ticket.rev += 1
        ticket.taken[step.trigger] = step.actor
        ticket.due_on = ticket.fields.get("due_on")
        ticket.is_open = step.target != "closed"
        ticket.save(force_update=True)
        if step.disarm:
            Timer.objects.filter(number=number, clock=step.disarm).delete()
        beside(ticket, step)


def beside(ticket: models.Model, step: Step) -> None:
    """Write the history row, the timers and the messages of a step."""
    number, seq = ticket.number, ticket.rev
    History.objects.create(
        number=number,
        seq=seq,
        trigger=step.trigger,
        from_state=step.source,
        to_state=step.target,
        actor=step.actor,
        recorded_at=NOW,
        data=dict(step.data),
    )
    Timer.objects.bulk_create(Timer(number=number, clock=clock, due_at=due) for clock, due in step.due())
    Outbox.objects.bulk_create(
        Outbox(
            key=f"{number}:{seq}:{name}",
            number=number,
            recipient=name,
            created_at=NOW,
            params=message(step, number, name, ticket.due_on),
        )
        for name in step.tell
    )

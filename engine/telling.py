"""What a message says: its parameters are frozen when it is written, but for its days; its words come from a template later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from msgspec.structs import replace

from .decision import MessageDraft
from .directory import Directory
from .moments import chinese_date
from .ticket import Plain, Ticket
from .values import as_date, show
from .workflow import Workflow

__all__ = [
    "COPY",
    "RECEIPT",
    "RESTRICTED",
    "brief",
    "drafts",
    "event_of",
    "is_receipt",
    "mail_of",
    "other_copy",
    "parameters",
    "with_sms",
]

RESTRICTED = "restricted"  #: the template that says no more than a number and “please look”
RECEIPT = "answer"  #: the occasion of what an answer is answered with, and the word for it in its key
COPY = ":sms"  #: ends the key of the short message that says the same as a mail
_BRIEF = 60  #: characters of a description in a message
_SEVERITIES = {"general": "一般", "major": "重大"}


def brief(text: str) -> str:
    """Shorten a description for a message."""
    return text if len(text) <= _BRIEF else text[: _BRIEF - 1] + "…"


def parameters(workflow: Workflow, ticket: Ticket, directory: Directory) -> dict[str, Plain]:
    """Return what every template may use about a ticket, all of it text or None; its days are counted by `days.told_on`."""
    fields, due_on = ticket.fields, as_date(ticket.marks.get("due_on"))
    running = due_on is not None and not (ticket.marks.get("applied_on") or ticket.marks.get("passed_on"))
    unsecured = "control" in ticket.taken and workflow.leaving(ticket.state, "control")  # major once more: anew
    return {
        "district_name": directory.district.name,
        "workflow": workflow.title,
        "unit": directory.unit_name(fields.get("responsible_unit")) or None,
        "place": fields.get("place"),
        "description": brief(fields.get("description") or ""),
        "category": show(workflow, "category", fields.get("category"), directory),
        "severity": _SEVERITIES[ticket.severity],
        "due_on": chinese_date(due_on) if due_on else None,
        "state": workflow.states[ticket.state].title,
        "ends": due_on.isoformat() if due_on and running else None,
        "measures": fields.get("measures"),
        "interim": fields.get("interim"),
        "control_measures": None if unsecured else fields.get("control_measures"),
        "reported_up_to": fields.get("reported_up_to"),
        "reported_up_on": chinese_date(reported) if (reported := as_date(fields.get("reported_up_on"))) else None,
    }


def drafts(
    recipients: Iterable[str],
    template: str,
    key: str,
    params: Mapping[str, Plain],
    *,
    directory: Directory,
    ticket: Ticket,
    today: date,
    restricted: bool,
    urgent: bool,
) -> tuple[MessageDraft, ...]:
    """Write one message per person; a restricted ticket's says a number and “please look” alone.

    Who is told beside the responsible unit is not `invited`: to sign for it, to answer and to ask is the unit's.
    """

    def said(person: str) -> Mapping[str, Plain]:
        if restricted:
            return {"district_name": params.get("district_name")}
        return params if _of_unit(person, ticket, directory, today) else {**params, "invited": False}

    return tuple(
        MessageDraft(
            key=f"{key}:{person}",
            recipient=person,
            template=RESTRICTED if restricted else template,
            params={**said(person), "recipient": directory.person_name(person)},
            urgent=urgent,
        )
        for person in dict.fromkeys(recipients)
    )


def _of_unit(person: str, ticket: Ticket, directory: Directory, today: date) -> bool:
    """Tell whether a person is of the responsible unit; of one that is not known yet, everybody may be."""
    unit = directory.present(ticket.fields.get("responsible_unit"))
    if unit is None or person == ticket.fields.get("responsible_person"):
        return True
    return any(post.unit == unit for post in directory.posts_of(person, today))


def with_sms(messages: Iterable[MessageDraft], directory: Directory) -> tuple[MessageDraft, ...]:
    """Add a short message to every urgent one, for who has a telephone and would get it by mail."""
    found: list[MessageDraft] = []
    for message in messages:
        person = directory.persons.get(message.recipient)
        found.append(message)
        if message.urgent and message.channel is None and person is not None and person.phone and person.email:
            found.append(replace(message, key=f"{message.key}{COPY}", channel="sms"))
    return tuple(found)


def is_receipt(key: str) -> bool:
    """Tell by its key whether a message told what became of an answer; about a restricted hazard no other sign does."""
    return f":{RECEIPT}:" in f":{key}"


def mail_of(key: str) -> str | None:
    """Return the key of the mail that a short message repeats; None for what repeats none."""
    return key.removesuffix(COPY) if key.endswith(COPY) else None


def event_of(key: str, recipient: str) -> str:
    """Return what the messages have in common that tell several persons the same, or one by mail and short message."""
    return key.removesuffix(COPY).removesuffix(f":{recipient}")


def other_copy(key: str) -> str:
    """Return the key of the mail that a short message repeats, or of the short message that repeats a mail."""
    return key.removesuffix(COPY) if key.endswith(COPY) else f"{key}{COPY}"

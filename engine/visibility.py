"""Who may see what: restricted hazards (矛盾纠纷, 防欺凌, 心理) and telephone numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from .directory import Directory
from .inspecting import SEE_RESTRICTED, turn_roles
from .roles import people
from .ticket import Request, Ticket
from .workflow import Workflow

__all__ = ["SEE_RESTRICTED", "involved", "masked_phone", "may_see", "unit_roles"]

_SHOWN_HEAD, _SHOWN_TAIL = 3, 4  #: digits of a telephone number that stay readable


def may_see(
    workflow: Workflow, ticket: Ticket, directory: Directory, person: str, day: date, requests: Iterable[Request] = ()
) -> bool:
    """Tell whether a person may see a hazard.

    An ordinary one everybody of the district may; a restricted one only who holds the grant, who is involved in it, and
    who stands in for such a person on that day.

    Args:
        requests: what is asked for on the hazard; whoever decides a pending one is involved.
    """
    if not ticket.restricted:
        return True
    known = directory.persons.get(person)
    if known is None:
        return False
    if SEE_RESTRICTED in known.grants:
        return True
    concerned = involved(workflow, ticket, directory, day, requests)
    return person in concerned or any(person in directory.deputies(p, day) for p in concerned)


def involved(
    workflow: Workflow, ticket: Ticket, directory: Directory, day: date, requests: Iterable[Request] = ()
) -> frozenset[str]:
    """Return who has to do with a hazard: the responsible, whoever acted or entered, whose turn it is, who decides."""
    roles = (*unit_roles(workflow), *_waited_for(workflow, ticket, requests))
    acted = (p for takers in ticket.taken.values() for taken in takers for p in taken)
    named = (ticket.fields.get("responsible_person") or "", *acted)
    return frozenset((*named, *people(workflow, roles, ticket.fields, directory, day))) - {""}


def masked_phone(phone: str | None) -> str | None:
    """Return a telephone number with its middle hidden: 138****0004."""
    if not phone:
        return phone
    short = len(phone) < _SHOWN_HEAD + _SHOWN_TAIL + 1
    return f"****{phone[-2:]}" if short else f"{phone[:_SHOWN_HEAD]}****{phone[-_SHOWN_TAIL:]}"


def unit_roles(workflow: Workflow) -> tuple[str, ...]:
    """Return the roles held in the responsible unit itself, and by the responsible person."""
    named = (r.id for r in workflow.roles.values() if r.holder_field == "responsible_person")
    return (*(r.id for r in workflow.roles.values() if "responsible_unit" in r.of and r.up is None), *named)


def _waited_for(workflow: Workflow, ticket: Ticket, requests: Iterable[Request]) -> Iterator[str]:
    if ticket.state in workflow.states:
        yield from turn_roles(workflow, ticket)
    for request in requests:
        kind = workflow.requests.get(request.kind)
        decider = kind.decider(request.level) if kind is not None and request.status == "pending" else None
        if decider is not None:
            yield decider

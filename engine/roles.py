"""Who holds a role for a ticket, found in the organisation tree, and in whose place somebody acts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from .directory import Directory
from .ticket import Plain
from .vocabulary import ACCEPTOR, LEVELS
from .workflow import Role, Workflow

__all__ = ["ISSUER", "LISTER", "Standing", "holders", "people", "standing"]

ISSUER = "issuer"  #: those of the issuing unit who may assign
LISTER = "level_that_listed"  #: those who decide listing at the level the ticket is listed at


class Standing(NamedTuple):
    """The role somebody acts in, and the absent holder stood in for ("" when the role is one's own)."""

    role: str
    in_place_of: str


def holders(
    workflow: Workflow, role: str, fields: Mapping[str, Plain], directory: Directory, day: date
) -> tuple[str, ...]:
    """Return the persons who hold a role for a ticket with these fields on that day; each once."""
    if role == ISSUER:
        return _issuers(workflow, fields, directory, day)
    if role == LISTER:
        return _listers(workflow, fields, directory, day)
    if role == ACCEPTOR:
        return _acceptors(workflow, fields, directory, day)
    return _resolve(workflow, role, fields, directory, day, frozenset())


def people(
    workflow: Workflow, roles: Iterable[str], fields: Mapping[str, Plain], directory: Directory, day: date
) -> tuple[str, ...]:
    """Return the holders of several roles, each person once."""
    found = (p for r in roles for p in holders(workflow, r, fields, directory, day))
    return tuple(dict.fromkeys(found))


def standing(
    workflow: Workflow, roles: Iterable[str], fields: Mapping[str, Plain], directory: Directory, person: str, day: date
) -> Standing | None:
    """Return in which of the roles a person may act, own roles before substitutions; None when in none."""
    stand_in: Standing | None = None
    for role in roles:
        found = holders(workflow, role, fields, directory, day)
        if person in found:
            return Standing(role, "")
        absent = next((h for h in found if person in directory.deputies(h, day)), None)
        if absent and stand_in is None:
            stand_in = Standing(role, absent)
    return stand_in


def _resolve(
    workflow: Workflow, name: str, fields: Mapping[str, Plain], directory: Directory, day: date, seen: frozenset[str]
) -> tuple[str, ...]:
    role = workflow.roles.get(name)
    if role is None or name in seen:
        return ()
    seen |= {name}
    found = _own(workflow, role, fields, directory, day, seen)
    if found or role.otherwise is None:
        return found
    return _resolve(workflow, role.otherwise, fields, directory, day, seen)


def _own(
    workflow: Workflow, role: Role, fields: Mapping[str, Plain], directory: Directory, day: date, seen: frozenset[str]
) -> tuple[str, ...]:
    if role.holder_field is not None:
        person = directory.persons.get(fields.get(role.holder_field) or "")
        return (person.id,) if person else ()
    if not role.of:
        return directory.holders(role.id, None, day)
    for entry in role.of:
        if entry in workflow.roles:
            found = _resolve(workflow, entry, fields, directory, day, seen)
        else:
            unit = _unit(workflow, role, entry, fields, directory)
            found = directory.holders(role.id, unit, day) if unit else ()
        if found:
            return found
    return ()


def _unit(workflow: Workflow, role: Role, entry: str, fields: Mapping[str, Plain], directory: Directory) -> str | None:
    unit = directory.present(_named_unit(workflow, entry, fields, directory))  # who took over from a closed unit
    if unit is not None and role.up is not None:
        nearest = directory.nearest(unit, role.up)
        unit = nearest.id if nearest else None
    return None if role.not_of is not None and unit == fields.get(role.not_of) else unit


def _named_unit(workflow: Workflow, entry: str, fields: Mapping[str, Plain], directory: Directory) -> str | None:
    if entry == "parent_unit":
        unit = directory.units.get(fields.get("responsible_unit") or "")
        return unit.parent if unit else None
    field = workflow.fields.get(entry)
    if field is not None and field.type == "catalogue":
        item = workflow.catalogues[entry].items.get(fields.get(entry) or "") if entry in workflow.catalogues else None
        return _lead(item.lead if item else None, directory)
    return fields.get(entry)


def _lead(name: str | None, directory: Directory) -> str | None:
    if name is None:
        return None
    found = [u.id for u in directory.units.values() if name in (u.id, u.name, *u.aliases)]
    return found[0] if found else None


def _issuers(workflow: Workflow, fields: Mapping[str, Plain], directory: Directory, day: date) -> tuple[str, ...]:
    unit = fields.get("issuing_unit")
    everybody = people(workflow, assigning_roles(workflow), fields, directory, day)
    own = tuple(p for p in everybody if unit in {post.unit for post in directory.posts_of(p, day)})
    return own or people(workflow, workflow.keepers, fields, directory, day)


def _listers(workflow: Workflow, fields: Mapping[str, Plain], directory: Directory, day: date) -> tuple[str, ...]:
    """Return who decides at the level that listed: its holders now, else who did list it, else the levels above.

    A hazard that was given to another unit meanwhile has no holder of the old level: it must not stay listed for good.
    """
    level = fields.get("listed_level")
    if level is None:
        return ()
    above = [k for k in LEVELS if list(LEVELS).index(k) > list(LEVELS).index(level)] if level in LEVELS else []
    kinds = [kind for kind in workflow.requests.values() if kind.effect == "list"]

    def at(where: str) -> tuple[str, ...]:
        return people(workflow, (d for k in kinds if (d := k.decider(where))), fields, directory, day)

    by = str(fields.get("listed_by") or "")
    known = (by,) if by in directory.persons and directory.posts_of(by, day) else ()
    return at(level) or known or next((found for k in above if (found := at(k))), ())


def _acceptors(workflow: Workflow, fields: Mapping[str, Plain], directory: Directory, day: date) -> tuple[str, ...]:
    """Return who accepts for the level; where that is nobody outside the responsible unit, who decided the listing."""
    level, unit = fields.get("listed_level"), fields.get("responsible_unit")
    named = (kind.acceptor(level) for kind in workflow.requests.values() if kind.effect == "list")
    found = people(workflow, (n for n in named if n), fields, directory, day)
    apart = tuple(p for p in found if unit not in {post.unit for post in directory.posts_of(p, day)})
    return apart or _listers(workflow, fields, directory, day)


def assigning_roles(workflow: Workflow) -> tuple[str, ...]:
    """Return the roles that hand a hazard to a unit: by the first way the author wrote, the ordinary one."""
    for t in workflow.transitions:
        target = workflow.states.get(t.target or "")
        first = any(workflow.states[s].stage == "reported" for s in t.sources)  # not handing it on to another
        if first and target is not None and target.stage == "assigned":
            return tuple(dict.fromkeys(t.by))
    return ()

"""One message a person for a change of several hazards: a visit or a paper never sends eight."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from msgspec import Struct, field
from msgspec.structs import replace

from .decision import Decision
from .directory import Directory
from .moments import chinese_date, local_day
from .roles import people
from .stimulus import Hand
from .telling import brief, drafts
from .ticket import Plain, Snapshot
from .values import as_date

__all__ = ["Letter", "gather", "item_line", "notice_letter"]


class Letter(Struct, frozen=True, kw_only=True):
    """What is told once: `key` makes it unique, `persons` learn of it beside those the single changes would tell."""

    key: str
    template: str
    params: Mapping[str, Plain] = field(default_factory=dict[str, Plain])
    persons: tuple[str, ...] = ()
    urgent: bool = False


def gather(decisions: Sequence[Decision], letter: Letter, directory: Directory, hand: Hand) -> list[Decision]:
    """Put one message to each person in the place of those of every decision; it goes with the first."""
    acting = {hand.actor, hand.clerk}
    named = (*(m.recipient for d in decisions for m in d.messages), *letter.persons)
    written = drafts(
        (p for p in dict.fromkeys(named) if p not in acting),
        letter.template,
        letter.key,
        letter.params,
        directory=directory,
        ticket=decisions[0].ticket,
        today=local_day(decisions[0].events[0].recorded_at),
        restricted=any(d.ticket.restricted for d in decisions),
        urgent=letter.urgent,
    )
    return [replace(d, messages=written if place == 0 else ()) for place, d in enumerate(decisions)]


def notice_letter(
    snapshots: Sequence[Snapshot], letter: Letter, roles: Iterable[str], hand: Hand, today: date
) -> Letter:
    """Complete a letter with whom its roles mean, and with what it says of the hazards it is about."""
    first = snapshots[0]
    directory = first.directory
    found = people(first.workflow, roles, first.fields, directory, today)
    due = [d for s in snapshots if (d := as_date(s.fields.get("due_on")))]
    said: dict[str, Plain] = {
        "district_name": directory.district.name,
        "unit": directory.unit_name(first.fields.get("responsible_unit")) or None,
        "count": len(snapshots),
        "due_on": chinese_date(min(due)) if due else None,
        "actor": directory.person_name(hand.actor),
        "actor_unit": directory.unit_name(directory.unit_of(hand.actor, today)) or None,
        "note": hand.note or None,
        "lines": "\n".join(item_line(place, s.fields) for place, s in enumerate(snapshots, start=1)),
    }
    persons = tuple(dict.fromkeys((*letter.persons, *found)))
    return replace(letter, persons=persons, params={**said, **letter.params})


def item_line(place: int, fields: Mapping[str, Plain], number: str = "") -> str:
    """Write one hazard as a line of a list, with its number where that is given: 〔54号〕 is LZH-2024-000054."""
    where = f"{fields['place']}，" if fields.get("place") else ""
    due_on = as_date(fields.get("due_on"))
    until = f"（{chinese_date(due_on)}前）" if due_on else ""
    named = f"〔{int(number.rpartition('-')[2])}号〕" if number else ""
    return f"{place}. {where}{brief(fields.get('description') or '')}{until}{named}"

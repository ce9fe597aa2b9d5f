"""The whole Workflow from parts that passed every check, with what no author has to write.

That is: the voided state, the built-in fields, the step that keeps an overdue ticket from going silent, and the clocks
of requests that must be decided in time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Literal, cast

from msgspec.structs import replace

from .build import NEVER_SILENT, Parts
from .guards import Guard
from .machine import StateMachine
from .vocabulary import CONTEXT, LEVELS, SEVERITIES, VIAS, VOIDED
from .workflow import ANY_OPEN, Catalogue, Clock, Field, Span, SpanUnit, State, Step, Transition, Workflow

__all__ = ["assemble"]

_REPEAT = Span(5, "workdays")  #: of the never-silent step; it widens


def assemble(parts: Parts, text: str, catalogues: Mapping[str, Catalogue]) -> Workflow:
    """Make the whole of parts that passed every check."""
    fields = parts.all_fields
    states = parts.states | {VOIDED.id: VOIDED}
    guard = _bound(fields, states)
    transitions = tuple(_finished(t, parts, guard) for t in parts.transitions)
    clocks = {c.id: _spoken(c, states) for c in parts.clocks.values()} | {c.id: c for c in _deciding(parts)}
    return Workflow(
        id=parts.id,
        version=parts.version,
        title=parts.title,
        calendar=parts.calendar,
        initial=parts.initial,
        enters_at=parts.enters_at,
        severity=cast("Literal['general', 'major']", parts.severity),
        roles=MappingProxyType(parts.roles),
        fields=MappingProxyType(fields),
        states=MappingProxyType(states),
        transitions=transitions,
        clocks=MappingProxyType(clocks),
        requests=MappingProxyType(parts.requests),
        papers=MappingProxyType(parts.papers),
        keepers=parts.keepers,
        catalogues=MappingProxyType({field: catalogues[c] for field, c in parts.bindings.items()}),
        ladder_hour=parts.ladder_hour,
        text=text,
        digest=sha256(text.encode()).hexdigest(),
        machine=StateMachine(states, parts.initial, transitions),
        by_state=_by_state(states, transitions),
    )


def _finished(t: Transition, parts: Parts, guard: Guard) -> Transition:
    sources = (s for name in t.sources for s in (parts.open_states if name == ANY_OPEN else (name,)))
    when = dataclasses.replace(guard, text=t.when.text) if t.when is not None else None
    return replace(t, sources=tuple(dict.fromkeys(sources)), when=when)


def _bound(fields: Mapping[str, Field], states: Mapping[str, State]) -> Guard:
    """Make what every guard knows: which names are numbers, and what names and values are called."""
    choices = [f.choices for f in fields.values()]
    meanings = [SEVERITIES, LEVELS, VIAS, {s.id: s.title for s in states.values()}, *choices]
    words: dict[str, set[str]] = {}
    for word, title in (pair for meaning in meanings for pair in meaning.items()):
        words.setdefault(word, set()).add(title)
    return Guard(
        "",
        numbers=frozenset(f.id for f in fields.values() if f.type == "decimal"),
        titles={**CONTEXT, **{f.id: f.title for f in fields.values()}},
        words={word: titles.pop() for word, titles in words.items() if len(titles) == 1},
    )


def _by_state(
    states: Mapping[str, State], transitions: tuple[Transition, ...]
) -> Mapping[str, Mapping[str, tuple[Transition, ...]]]:
    found: dict[str, dict[str, tuple[Transition, ...]]] = {s: {} for s in states}
    for t in transitions:
        for source in t.sources:
            found[source][t.trigger] = (*found[source].get(t.trigger, ()), t)
    return MappingProxyType({state: MappingProxyType(leaving) for state, leaving in found.items()})


def _spoken(clock: Clock, states: Mapping[str, State]) -> Clock:
    """Add the step that keeps an open overdue ticket from going silent, where no reminder repeats already."""
    if any(s.every is not None and s.act != "propose" for s in clock.steps):
        return clock
    roles = tuple(dict.fromkeys(task for s in clock.runs_in if (task := states[s].task) is not None))
    last = clock.steps[-1].at if clock.steps else Span(0, _unit(clock))
    step = Step(id=NEVER_SILENT, at=_after(last), act="remind", roles=roles, every=_REPEAT, widen=True)
    return replace(clock, steps=(*clock.steps, step))


def _after(last: Span) -> Span:
    """Return where the never-silent step stands: five working days, a week, or (hours) a day after the last step."""
    amount = max(0, last.amount)
    if last.unit == "workdays":
        return Span(amount + 5, "workdays")
    if last.unit == "workhours":
        return Span(amount + 8, "workhours")
    return Span(amount + 7, "days") if last.unit == "days" else Span(-(-amount // 24) + 1, "days")


def _unit(clock: Clock) -> SpanUnit:
    return clock.within.unit if clock.within is not None else "workdays"


def _deciding(parts: Parts) -> Iterator[Clock]:
    """Make the clock of each request that must be decided in time; it reminds whoever decides, every working day."""
    for kind in parts.requests.values():
        if kind.decide_within is not None:
            deciders = tuple(dict.fromkeys(kind.levels.values())) or (kind.decided_by or "",)
            step = Step(
                id="due-remind",
                at=Span(0, kind.decide_within.unit),
                act="remind",
                roles=deciders,
                every=Span(1, "workdays"),
                widen=True,
            )
            yield Clock(
                id=f"decide_{kind.id}",
                title=f"{kind.title}审批时限",
                runs_in=(),
                within=kind.decide_within,
                again="restart",
                for_request=kind.id,
                steps=(step,),
            )

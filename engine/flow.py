"""Whether the flow as a whole leads anywhere: exact, because the graph of a definition is small and finite."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from .checks import Desk
from .workflow import ANY_OPEN, Transition

__all__ = ["check_flow"]


def check_flow(desk: Desk) -> None:
    """Look for dead ends, states nobody comes to, ambiguous ways and duties nobody may do.

    A flow with names that point nowhere is not judged: what follows from a misspelt name is not worth reading.
    """
    if _sound(desk):
        if _starts_well(desk):
            _unreachable(desk)
        _traps(desk)
        _ambiguous(desk)
        _same_titles(desk)
        _nobody_left(desk)
        _no_keeper(desk)


def _sound(desk: Desk) -> bool:
    states = desk.parts.states
    starts = desk.parts.initial in states and desk.parts.enters_at in states
    return starts and all(
        t.trigger and t.sources and {*t.sources} <= {*states, ANY_OPEN} and (t.target in states or any(t.into))
        for t in desk.parts.transitions
    )


def _starts_well(desk: Desk) -> bool:
    states = desk.parts.states
    initial = states[desk.parts.initial]
    well = initial.final is None and initial.stage in ("reported", "")
    if not well:
        hint = "起点应是 stage: reported 且没有 final 的环节"
        desk.fault("F507", f"环节 {initial.id} 不能作起点", "initial", hint=hint)
    if states[desk.parts.enters_at].final is not None:
        desk.fault("F507", f"转入的隐患不能停在终点环节 {desk.parts.enters_at}", "enters_at")
    return well


def _unreachable(desk: Desk) -> None:
    found = _reachable(desk, lambda _: True)
    for state in desk.parts.states:
        if state not in found:
            hint = "补上通到这里的流转，或者删掉这个环节"
            desk.fault("F501", f"从起点到不了环节 {state}", "states", state, hint=hint, key=True)


def _traps(desk: Desk) -> None:
    states, flow = desk.parts.states, desk.parts.transitions
    good = {s.id for s in states.values() if s.final is not None}
    good |= {source for t in flow if t.into for source in _sources(desk, t)}
    size = -1
    while size != len(good):
        size = len(good)
        good |= {s for t in flow if t.target in good for s in _sources(desk, t)}
    for state in states:
        if state not in good:
            hint = "补上离开这里、最终通向终点的流转"
            desk.fault("F502", f"环节 {state} 走不到任何终点", "states", state, hint=hint, key=True)


def _ambiguous(desk: Desk) -> None:
    """Transitions are tried in order: after one without a condition no other with the same source is ever taken."""
    free: dict[tuple[str, str], int] = {}
    for t in desk.parts.transitions:
        before = {free[key] for s in _sources(desk, t) if (key := (s, t.trigger)) in free}
        if before:
            code = "F505" if t.when is None else "F506"
            message = f"操作 {t.trigger} 从同一环节出发，第 {min(before) + 1} 条已经无条件拿走"
            hint = "给其中一条写 when，没有条件的放在最后"
            desk.fault(code, message, "transitions", t.position, "trigger", hint=hint)
        if t.when is None:
            free |= {(s, t.trigger): t.position for s in _sources(desk, t) if (s, t.trigger) not in free}


def _same_titles(desk: Desk) -> None:
    named: dict[tuple[str, str], str] = {}
    for t in desk.parts.transitions:
        others = {o for s in _sources(desk, t) if (o := named.get((s, t.title), t.trigger)) != t.trigger}
        if others and t.title:
            message = f"操作 {t.trigger} 与 {min(others)} 在同一环节，中文名都是“{t.title}”"
            desk.fault("F511", message, "transitions", t.position, "title")
        named |= {(s, t.title): t.trigger for s in _sources(desk, t)}


def _nobody_left(desk: Desk) -> None:
    """Find transitions whose only possible taker has always taken what bars him: `is:` the same person."""
    for t in desk.parts.transitions:
        person = _person(desk, t)
        barring = {o.position for o in desk.parts.transitions if o.trigger in t.not_by_actor_of}
        barring &= {o.position for o in desk.parts.transitions if person and _person(desk, o) == person}
        if barring and not _reachable(desk, partial(_free, barring)) & {*_sources(desk, t)}:
            message = f"操作 {t.trigger} 只有 {person} 能办，而走到这里的必是同一个人，永远办不成"
            hint = "给 by 加上另一个角色，或者去掉 not_by_actor_of"
            desk.fault("F509", message, "transitions", t.position, "not_by_actor_of", hint=hint, key=True)


def _free(barred: set[int], transition: Transition) -> bool:
    return transition.position not in barred


def _person(desk: Desk, t: Transition) -> str | None:
    """Return the person field that alone says who takes a transition; None when it depends."""
    roles = [desk.parts.roles.get(name) for name in t.by]
    persons = {r.holder_field if r is not None and r.otherwise is None else None for r in roles}
    return persons.pop() if len(persons) == 1 else None


def _no_keeper(desk: Desk) -> None:
    if not desk.parts.keepers:
        hint = "给一个终点环节写 final: rectified，或者用 keepers 写明由哪些角色更正和作废"
        desk.fault("F510", "没有整改销号（final: rectified）的终点", "states", hint=hint, key=True)


def _sources(desk: Desk, t: Transition) -> tuple[str, ...]:
    return tuple(s for name in t.sources for s in (desk.parts.open_states if name == ANY_OPEN else (name,)))


def _reachable(desk: Desk, usable: Callable[[Transition], bool]) -> set[str]:
    """Return the states that can be come to from where tickets begin, over the usable transitions."""
    ways: dict[str, list[str]] = {}
    for t in desk.parts.transitions:
        if usable(t) and t.target is not None:
            for source in _sources(desk, t):
                ways.setdefault(source, []).append(t.target)
    return _closure({desk.parts.initial, desk.parts.enters_at}, ways.get)


def _closure(start: Iterable[str], ways: Callable[[str], list[str] | None]) -> set[str]:
    found, todo = set(start), list(start)
    while todo:
        fresh = {*(ways(todo.pop()) or ())} - found
        found |= fresh
        todo += fresh
    return found

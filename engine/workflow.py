"""The frozen Workflow: what a definition means once every check has passed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

if TYPE_CHECKING:
    from .guards import Guard
    from .machine import StateMachine

__all__ = [
    "ANY_OPEN",
    "Catalogue",
    "CatalogueItem",
    "Clock",
    "Field",
    "FieldSpan",
    "RequestKind",
    "Role",
    "Span",
    "State",
    "Step",
    "Transition",
    "Workflow",
]

ANY_OPEN = "any_open"
Stage = Literal["reported", "assigned", "rectifying", "verified", "closed"]
SpanUnit = Literal["workdays", "days", "workhours", "hours"]
HOURLY = ("workhours", "hours")  #: units that move instants, not days
FieldType = Literal[
    "text",
    "choice",
    "catalogue",
    "date",
    "datetime",
    "decimal",
    "integer",
    "boolean",
    "unit",
    "person",
    "evidence",
    "list",
]
Effect = Literal["extend", "list", "delist", "paper", "none"]


class Span(Struct, frozen=True):
    """A signed length of time: `Span(-3, "workdays")` is three working days before."""

    amount: int
    unit: SpanUnit

    def __str__(self) -> str:
        return f"{self.amount:+d} {self.unit}" if self.amount < 0 else f"{self.amount} {self.unit}"


class FieldSpan(Struct, frozen=True, kw_only=True):
    """A length of time whose amount stands in a field of the ticket."""

    field: str
    unit: SpanUnit


class CatalogueItem(Struct, frozen=True, kw_only=True):
    """One entry of a catalogue; `lead` is the name of the unit in charge of it."""

    id: str
    title: str
    parent: str | None = None
    lead: str | None = None
    restricted: bool = False
    aliases: tuple[str, ...] = ()


class Catalogue(Struct, frozen=True, kw_only=True):
    """A list of entries that a bureau keeps, such as the categories of hazards."""

    id: str
    version: int
    title: str
    items: Mapping[str, CatalogueItem]

    def top(self, item_id: str) -> CatalogueItem | None:
        """Return the topmost ancestor of an entry, or None when the id is not in the catalogue."""
        item = self.items.get(item_id)
        while item is not None and item.parent is not None:
            item = self.items.get(item.parent)
        return item

    def find(self, text: str) -> CatalogueItem | None:
        """Find an entry by id, title or alias; None when there is none."""
        text = text.strip()
        if text in self.items:
            return self.items[text]
        named = [i for i in self.items.values() if text == i.title or text in i.aliases]
        return named[0] if named else None


class Role(Struct, frozen=True, kw_only=True):
    """Who may act, found in the organisation tree from the ticket (DESIGN of the language: README, “Roles”).

    Exactly one way is used: `holder_field` (`is:` — the person in that field), else `of` (unit fields, `parent_unit`,
    a catalogue field's lead unit, or another role, tried in order) with `up` (nearest ancestor of that kind), else the
    whole district. `not_of` bars the unit in that field. `otherwise` (`else:`) is the role taken when nobody is found.
    """

    id: str
    title: str
    of: tuple[str, ...] = ()
    up: str | None = None
    holder_field: str | None = None
    not_of: str | None = None
    otherwise: str | None = None


class Field(Struct, frozen=True, kw_only=True):
    """One thing on record about a ticket."""

    id: str
    title: str
    type: FieldType
    required: bool = False
    choices: Mapping[str, str] = field(default_factory=dict[str, str])  #: id → Chinese title, for type "choice"
    builtin: bool = False


class State(Struct, frozen=True, kw_only=True):
    """One place a ticket can be in; `final` names the outcome when nothing follows."""

    id: str
    title: str
    stage: Stage
    task: str | None = None
    final: str | None = None


class Transition(Struct, frozen=True, kw_only=True):
    """One way from a state to another, and who may take it with what."""

    trigger: str
    title: str
    sources: tuple[str, ...]
    target: str | None  #: None exactly when `into` is given
    by: tuple[str, ...]
    into: tuple[str, ...] = ()  #: other workflows the ticket may change into
    require: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    when: Guard | None = None
    not_by_actor_of: tuple[str, ...] = ()
    paper: str | None = None
    tell: tuple[str, ...] = ()
    template: str | None = None
    position: int = 0  #: order in the definition; names the transition within its workflow


class Step(Struct, frozen=True, kw_only=True):
    """One rung of a clock's ladder, counted from the due date.

    `every` repeats it; `widen` doubles the interval from the fourth occurrence on, up to 20 of its units. `catch_up` says
    what is done about occurrences that were missed: one for all of them, all of them, or none (skip: what nobody looked for within a day).
    """

    id: str
    at: Span
    act: Literal["remind", "call", "propose"]
    roles: tuple[str, ...] = ()  #: audience of remind and call
    request: str | None = None  #: kind of request that `propose` opens
    level: str | None = None
    every: Span | None = None
    widen: bool = False
    catch_up: Literal["one", "all", "skip"] = "one"
    template: str | None = None


class Clock(Struct, frozen=True, kw_only=True):
    """A named deadline of a ticket; exactly one of `within` and `until` is given."""

    id: str
    title: str
    runs_in: tuple[str, ...]
    paused_in: tuple[str, ...] = ()
    within: Span | FieldSpan | None = None
    until: str | None = None
    again: Literal["restart", "continue"] = "continue"
    met_by: str | None = None
    while_listed: bool = False  #: runs only under listed supervision (`while: listed`)
    for_request: str | None = None  #: set on the clocks made from `decide_within`
    steps: tuple[Step, ...] = ()

    def lives_in(self, state: str | None) -> bool:
        """Tell whether a run lives in a state: between first entry and last exit of these there is one."""
        return state in self.runs_in or state in self.paused_in

    def step(self, step_id: str) -> int:
        """Return the index of a step; -1 when the ladder no longer has it."""
        return next((i for i, s in enumerate(self.steps) if s.id == step_id), -1)


class RequestKind(Struct, frozen=True, kw_only=True):
    """Something asked for by one and decided by another, beside the main flow."""

    id: str
    title: str
    by: tuple[str, ...]
    decided_by: str | None  #: a role, `issuer` or `level_that_listed`; None when `levels` decides
    levels: Mapping[str, str] = field(default_factory=dict[str, str])  #: level → role that decides
    accepted_by: Mapping[str, str] = field(default_factory=dict[str, str])  #: level → role that accepts, if another
    limit: int | None = None  #: most approvals per ticket
    before_due: Span | None = None
    decide_within: Span | None = None
    require: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    effect: Effect = "none"

    def decider(self, level: str | None) -> str | None:
        """Return the role that decides a request of this kind at `level`."""
        return self.levels.get(level or "") if self.levels else self.decided_by

    def acceptor(self, level: str | None) -> str | None:
        """Return the role that accepts (验收) for the level a hazard is listed at: a named one, else who decides."""
        return self.accepted_by.get(level or "") or self.decider(level)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """A whole definition, checked and bound to its catalogues; shared by all tickets of its version."""

    id: str
    version: int
    title: str
    calendar: str
    initial: str
    enters_at: str  #: where a ticket that changes into this workflow begins
    severity: Literal["general", "major"]
    roles: Mapping[str, Role]
    fields: Mapping[str, Field]  #: author's and built-in ones
    states: Mapping[str, State]
    transitions: tuple[Transition, ...]
    clocks: Mapping[str, Clock]
    requests: Mapping[str, RequestKind]
    papers: Mapping[str, str]  #: kind of paper → role that signs it
    keepers: tuple[str, ...]  #: roles that may amend, void and enter for others
    catalogues: Mapping[str, Catalogue]
    ladder_hour: int  #: local hour at which steps fire
    text: str  #: the YAML it came from
    digest: str  #: SHA-256 of `text`
    machine: StateMachine
    by_state: Mapping[str, Mapping[str, tuple[Transition, ...]]]  #: state → trigger → transitions in order
    triggers: Mapping[str, str] = dataclasses.field(init=False)  #: every trigger → title, in the author's order
    titles: Mapping[str, str] = dataclasses.field(init=False)  #: every field → title
    main: Clock | None = dataclasses.field(init=False)  #: the clock of the rectification itself
    verifying: Clock | None = dataclasses.field(init=False)  #: the verifier's own clock

    def __post_init__(self) -> None:
        """Find once what is asked for with every decision."""
        object.__setattr__(self, "triggers", {t.trigger: t.title for t in self.transitions})
        object.__setattr__(self, "titles", {f.id: f.title for f in self.fields.values()})
        main = _main_clock(self.clocks.values())
        object.__setattr__(self, "main", main)
        object.__setattr__(self, "verifying", _verify_clock(self.clocks.values(), main))

    def signer(self, kind: str) -> str | None:
        """Return the role that signs papers of a kind: as declared, else the bureau's leader, else a keeper."""
        usual = "bureau_leader" if "bureau_leader" in self.roles else next(iter(self.keepers), None)
        return self.papers.get(kind, usual)

    def leaving(self, state: str, trigger: str) -> tuple[Transition, ...]:
        """Return the transitions `trigger` can take from `state`, in the author's order."""
        return self.by_state.get(state, {}).get(trigger, ())


def _main_clock(every: Iterable[Clock]) -> Clock | None:
    clocks = [c for c in every if c.for_request is None]
    judged = [c for c in clocks if c.met_by is not None and c.paused_in]
    fixed = [c for c in clocks if c.until is not None]
    met = [c for c in clocks if c.met_by is not None]
    return next(iter([*(c for c in judged if c.until is not None), *judged, *fixed, *met]), None)


def _verify_clock(every: Iterable[Clock], main: Clock | None) -> Clock | None:
    waiting = frozenset(main.paused_in) if main else frozenset[str]()
    return next((c for c in every if c is not main and waiting & frozenset(c.runs_in)), None)

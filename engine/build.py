"""From the located tree to the parts of a definition: the engine's types, with names that may still point nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, cast

from msgspec import Struct
from msgspec.structs import replace

from .guards import Guard
from .schema import NO_SPAN, Record
from .source import Entry, Place, Report, Table
from .vocabulary import (
    BUILTIN_FIELDS,
    CHOICES,
    DEFAULT_CALENDAR,
    EFFECTS,
    FIELD_TYPES,
    SEVERITIES,
    STAGES,
)
from .workflow import (
    Catalogue,
    CatalogueItem,
    Clock,
    Effect,
    Field,
    FieldType,
    RequestKind,
    Role,
    Span,
    SpanUnit,
    Stage,
    State,
    Step,
    Transition,
)

__all__ = ["LADDER_HOUR", "NEVER_SILENT", "Parts", "read", "read_catalogue"]

LADDER_HOUR = 9
NEVER_SILENT = "never-silent"  #: the step the loader adds; authors cannot use its id
_ACTS = ("remind", "call", "propose")
_EFFECTS: Mapping[str, str] = {
    "extension": "extend",
    "listing": "list",
    "delisting": "delist",
    "supervision_letter": "paper",
}


class Parts(Struct, kw_only=True):
    """A definition as it was written; names may point nowhere, an empty name was reported already."""

    id: str
    version: int
    title: str
    calendar: str
    initial: str
    enters_at: str
    severity: str
    ladder_hour: int
    keepers: tuple[str, ...]
    papers: dict[str, str]  #: kind → role that signs
    roles: dict[str, Role]
    fields: dict[str, Field]  #: author's only
    bindings: dict[str, str]  #: catalogue field → catalogue
    states: dict[str, State]
    transitions: tuple[Transition, ...]
    clocks: dict[str, Clock]
    requests: dict[str, RequestKind]

    @property
    def all_fields(self) -> dict[str, Field]:
        """The author's fields, then the built-in ones that were not redeclared."""
        return self.fields | {k: f for k, f in BUILTIN_FIELDS.items() if k not in self.fields}

    @property
    def open_states(self) -> tuple[str, ...]:
        """What `any_open` means: every state that is not final."""
        return tuple(s.id for s in self.states.values() if s.final is None)


def read(tree: Table, report: Report) -> Parts:
    """Read every part of a definition; what does not fit is reported and replaced by something harmless."""
    top = Record(Entry(Place(), tree), report, "流程定义")
    bindings: dict[str, str] = {}
    parts = Parts(
        id=top.id_of("workflow") or "",
        version=top.integer("version", 1, 1_000_000, required=True) or 0,
        title=top.title(),
        calendar=top.optional("calendar") or DEFAULT_CALENDAR,
        initial=top.name_of("initial"),
        enters_at=top.optional("enters_at") or "",
        severity=top.choice("severity", SEVERITIES, default="general"),
        ladder_hour=top.integer("ladder_hour", 0, 23, default=LADDER_HOUR) or 0,
        keepers=top.names("keepers"),
        papers=top.table("papers", "文书", lambda r: r.name_of("signed_by")),
        roles=top.table("roles", "角色", _role, required=True),
        fields=top.table("fields", "字段", lambda r: _field(r, bindings)),
        bindings=bindings,
        states=top.table("states", "环节", _state, required=True),
        transitions=top.records("transitions", "流转", _transition, required=True),
        clocks=top.table("clocks", "时限", _clock),
        requests=top.table("requests", "申请", _request),
    )
    top.text("note")
    top.done()
    parts.transitions = tuple(replace(t, position=i) for i, t in enumerate(parts.transitions))
    parts.enters_at = parts.enters_at or parts.initial
    parts.keepers = parts.keepers or _closers(parts)
    return parts


def read_catalogue(tree: Table, report: Report) -> Catalogue:
    """Read a catalogue; children inherit the unit in charge and the restriction of what they stand under."""
    top = Record(Entry(Place(), tree), report, "目录")
    items: dict[str, CatalogueItem] = {}
    catalogue = Catalogue(
        id=top.id_of("catalogue") or "",
        version=top.integer("version", 1, 1_000_000, required=True) or 0,
        title=top.title(),
        items=MappingProxyType(items),
    )
    top.table("items", "条目", lambda r: _item(r, None, items), required=True)
    top.text("note")
    top.done()
    return catalogue


def _role(r: Record) -> Role:
    return Role(
        id=r.name,
        title=r.title(),
        of=r.names("of"),
        up=r.optional("up"),
        holder_field=r.optional("is"),
        not_of=r.optional("not_of"),
        otherwise=r.optional("else"),
    )


def _field(r: Record, bindings: dict[str, str]) -> Field:
    known = BUILTIN_FIELDS.get(r.name)
    kind = r.choice("type", FIELD_TYPES, default=known.type if known else None)
    title = r.title(default=known.title if known else None)
    choices = r.titles("choices", CHOICES)
    if kind == "choice" and not choices:
        choices = dict(known.choices) if known else {}
        if not choices and not r.has("choices"):
            r.fault("S202", r.place, f"{r.what}是选项，缺少 choices")
    elif choices and kind and kind != "choice":
        r.fault("S207", r.at("choices"), f"{r.what}的类型是 {kind}，不能写 choices", "只有 type: choice 才有选项")
    _bind(r, kind, bindings)
    required = r.boolean("required")
    return Field(
        id=r.name,
        title=title,
        type=cast("FieldType", kind),
        required=required,
        choices=MappingProxyType(choices),
        builtin=known is not None,
    )


def _bind(r: Record, kind: str, bindings: dict[str, str]) -> None:
    catalogue = r.optional("catalogue")
    if kind == "catalogue":
        bindings[r.name] = r.name if catalogue is None else catalogue
    elif catalogue is not None and kind:
        message = f"{r.what}的类型是 {kind}，不能写 catalogue"
        r.fault("S207", r.at("catalogue"), message, "只有 type: catalogue 才有目录")


def _state(r: Record) -> State:
    return State(
        id=r.name,
        title=r.title(),
        stage=cast("Stage", r.choice("stage", STAGES)),
        task=r.optional("task"),
        final=r.id_of("final", required=False),
    )


def _transition(r: Record) -> Transition:
    trigger = r.id_of("trigger") or ""
    r.what = f"流转 {trigger} " if trigger else r.what
    to, into, when = r.optional("to"), r.ids("into"), r.text("when")
    _exactly_one(r, "to", "into")
    return Transition(
        trigger=trigger,
        title=r.title(),
        sources=r.names("from", required=True),
        target=to,
        by=r.names("by", required=True),
        into=into,
        require=r.names("require"),
        ask=r.names("ask"),
        when=Guard(when) if when is not None else None,
        not_by_actor_of=r.names("not_by_actor_of"),
        paper=r.id_of("paper", required=False),
        tell=r.names("tell"),
        template=r.optional("template"),
    )


def _clock(r: Record) -> Clock:
    within, until = r.budget("within"), r.optional("until")
    _exactly_one(r, "within", "until")
    unit: SpanUnit = within.unit if within is not None else "workdays"
    return Clock(
        id=r.name,
        title=r.title(),
        runs_in=r.names("runs_in", required=True),
        paused_in=r.names("paused_in"),
        within=within,
        until=until,
        again=cast("Literal['restart', 'continue']", r.choice("again", ("continue", "restart"), default="continue")),
        met_by=r.optional("met_by"),
        while_listed=r.choice("while", ("listed",), default="always") == "listed",
        steps=r.records("steps", "督办步骤", lambda step: _step(step, unit)),
    )


def _step(r: Record, due: SpanUnit) -> Step:
    at, every, level, given = r.offset("at", due), r.length("every"), r.optional("level"), _step_name(r)
    roles = {act: r.names(act, required=r.has(act)) for act in ("remind", "call")}
    request = r.optional("propose")
    acts = [act for act in _ACTS if r.has(act)]
    if len(acts) != 1:
        r.fault("S207", r.place, f"{r.what}应写 remind、call、propose 其中的一项", "一步做一件事；几件事写成几步")
    act = acts[0] if acts else "remind"
    catch_up = r.choice("catch_up", ("one", "all", "skip"), default="one")
    if every is None and r.has("catch_up"):
        r.fault("S207", r.at("catch_up"), "catch_up 只用于重复的步骤", "写 every，或删掉 catch_up")
    return Step(
        id="" if at is NO_SPAN else given or _step_id(at, act, request),
        at=at,
        act=cast("Literal['remind', 'call', 'propose']", act),
        roles=roles.get(act, ()),
        request=request,
        level=level,
        every=every,
        widen=r.boolean("widen"),
        catch_up=cast("Literal['one', 'all', 'skip']", catch_up or "one"),
        template=r.optional("template"),
    )


def _step_name(r: Record) -> str | None:
    name = r.optional("id")
    if name == NEVER_SILENT:
        r.fault("S210", r.at("id"), f"步骤标识 {NEVER_SILENT} 是内置的，请换一个")
    return name


def _request(r: Record) -> RequestKind:
    decided_by, levels = r.optional("decided_by"), _levels(r, "levels")
    _exactly_one(r, "decided_by", "levels")
    effect = r.choice("effect", EFFECTS, default=_EFFECTS.get(r.name, "none"))
    return RequestKind(
        id=r.name,
        title=r.title(),
        by=r.names("by", required=True),
        decided_by=decided_by,
        levels=MappingProxyType(levels),
        accepted_by=MappingProxyType(_levels(r, "accepted_by")),
        limit=r.integer("max", 1, 100),
        before_due=r.length("before_due"),
        decide_within=r.length("decide_within"),
        require=r.names("require"),
        ask=r.names("ask"),
        effect=cast("Effect", effect),
    )


def _levels(r: Record, key: str) -> dict[str, str]:
    levels: dict[str, str] = {}
    if r.has(key):
        inner = r.record(key, f"{r.what}的 {key} ")
        levels = {level: inner.name_of(level) for level in inner.written}
    return levels


def _item(r: Record, parent: CatalogueItem | None, items: dict[str, CatalogueItem]) -> None:
    restricted = r.boolean("restricted") if r.has("restricted") else parent is not None and parent.restricted
    item = CatalogueItem(
        id=r.name,
        title=r.title(),
        parent=parent.id if parent else None,
        lead=r.optional("lead") or (parent.lead if parent else None),
        restricted=restricted,
        aliases=r.names("aliases"),
    )
    if item.id in items:
        r.fault("S209", r.place, f"条目 {item.id} 重复", "一个目录里的名称不能相同，下级条目也一样")
    _distinct(r, item, items)
    items.setdefault(item.id, item)
    r.table("children", "条目", lambda child: _item(child, item, items))


def _distinct(r: Record, item: CatalogueItem, items: Mapping[str, CatalogueItem]) -> None:
    """Report an alias that also stands for another entry; equal titles under different parents are allowed."""
    taken = {word: i for i in items.values() for word in (i.title, *i.aliases)}
    for word in (item.title, *item.aliases):
        other = taken.get(word)
        if other is not None and (word in item.aliases or word in other.aliases):
            message = f"条目 {item.id} 的“{word}”已经是 {other.id} 的名称或别名"
            r.fault("S209", r.place, message, "去掉一处，否则认不出是哪一条")


def _exactly_one(r: Record, one: str, other: str) -> None:
    if r.has(one) and r.has(other):
        r.fault("S207", r.at(other), f"{r.what}的 {one} 和 {other} 只能写一项")
    elif not r.has(one) and not r.has(other):
        r.fault("S202", r.place, f"{r.what}缺少 {one} 或 {other}")


_SHORT: Mapping[SpanUnit, str] = {
    "workdays": "w",
    "days": "d",
    "workhours": "o",
    "hours": "h",
}  #: o: the office is open


def _step_id(at: Span, act: str, request: str | None) -> str:
    when = "due" if at.amount == 0 else f"{'m' if at.amount < 0 else 'p'}{abs(at.amount)}{_SHORT[at.unit]}"
    return f"{when}-{act}" + (f"-{request}" if request else "")


def _closers(parts: Parts) -> tuple[str, ...]:
    """Return the roles that may bring a ticket to a rectified end; they keep the record where nobody is named."""
    rectified = {s.id for s in parts.states.values() if s.final == "rectified"}
    return tuple(dict.fromkeys(role for t in parts.transitions if t.target in rectified for role in t.by))

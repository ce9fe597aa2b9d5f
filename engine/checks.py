"""What a definition must mean: every name points somewhere, and every clock, role and request can work.

Each check reports all it finds, where it stands. Names that were already reported as unreadable are empty and passed
over. Whether the flow as a whole leads anywhere is looked at in `flow`.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping

from msgspec import Struct

from .build import Parts
from .guards import Guard
from .schema import NO_SPAN
from .source import Path, Place, Report, Table, locate
from .vocabulary import (
    BUILTIN_FIELDS,
    CALENDARS,
    CONTEXT,
    DECIDERS,
    FIELD_TYPES,
    LEVELS,
    PAPERS,
    PARENT_UNIT,
    RESERVED_FIELDS,
    SPOKEN_ROLES,
    TIMER,
    UNIT_KINDS,
    VOIDED,
)
from .workflow import ANY_OPEN, HOURLY, Clock, Field, FieldSpan, RequestKind, Role, Span, Step, Transition

__all__ = ["Desk", "check"]

_HOURS: Mapping[str, float] = {
    "hours": 1,
    "workhours": 24 / 5,
    "days": 24,
    "workdays": 24 * 7 / 5,
}  # to compare spans of different units


class Desk(Struct, frozen=True, kw_only=True):
    """What every check needs: the parts, where they stand, and what they may name."""

    parts: Parts
    tree: Table
    text: str
    report: Report
    fields: Mapping[str, Field]
    catalogues: Container[str]
    templates: Collection[str] | None

    def fault(self, code: str, message: str, *path: str | int, hint: str = "", key: bool = False) -> None:
        """Report a problem at a path of the tree (at the key of it, if asked)."""
        self.report.add(code, locate(self.tree, path, key=key), message, hint)

    def known(self, code: str, what: str, name: str | None, pool: Collection[str], *path: str | int) -> bool:
        """Tell whether a name is one of `pool`; report it when it is not. Names missing or reported are passed over."""
        if not name:
            return False
        if name in pool:
            return True
        hint = self.report.near(name, pool) or (f"有：{'、'.join(list(pool)[:12])}" if pool else "")
        self.fault(code, f"没有{what}“{name}”", *path, hint=hint)
        return False

    def each(self, code: str, what: str, names: Iterable[str], pool: Collection[str], *path: str | int) -> None:
        """Check a list of names."""
        for index, name in enumerate(names):
            self.known(code, what, name, pool, *path, index)

    def role(self, name: str | None, *path: str | int) -> None:
        """Check the name of a role."""
        self.known("N302", "角色", name, self.parts.roles, *path)

    def typed(self, name: str | None, types: Collection[str], *path: str | int) -> None:
        """Check the name of a field, and that its type is one of `types`."""
        if self.known("N303", "字段", name, self.fields, *path):
            kind = self.fields[name or ""].type
            if str(kind) and kind not in types:  # "" while the type itself could not be read
                wanted = "或".join(said for t, said in FIELD_TYPES.items() if t in types)
                self.fault("N310", f"这里要用{wanted}类型的字段，“{name}”是{FIELD_TYPES[kind]}", *path)

    def template(self, name: str | None, *path: str | int) -> None:
        """Check the name of a message template, where the templates are known."""
        if self.templates is not None:
            self.known("N307", "模板", name, self.templates, *path)


def check(desk: Desk) -> None:
    """Look at everything; what is wrong lands in the report."""
    _top(desk)
    for role in desk.parts.roles.values():
        _role(desk, role)
    _role_loops(desk)
    _unused_roles(desk)
    for field in desk.parts.fields.values():
        _field(desk, field)
    _states(desk)
    for transition in desk.parts.transitions:
        _transition(desk, transition)
    for clock in desk.parts.clocks.values():
        _clock(desk, clock)
    for kind in desk.parts.requests.values():
        _request(desk, kind)
    for paper, signer in desk.parts.papers.items():
        if paper not in PAPERS:
            hint = desk.report.near(paper, PAPERS) or f"有：{'、'.join(PAPERS)}"
            desk.fault("N311", f"没有文书种类“{paper}”", "papers", paper, hint=hint, key=True)
        desk.role(signer, "papers", paper, "signed_by")


def _top(desk: Desk) -> None:
    parts = desk.parts
    desk.known("N308", "工作日历", parts.calendar, CALENDARS, "calendar")
    desk.known("N301", "环节", parts.initial, parts.states, "initial")
    if "enters_at" in desk.tree.entries:
        desk.known("N301", "环节", parts.enters_at, parts.states, "enters_at")
    if "keepers" in desk.tree.entries:
        desk.each("N302", "角色", parts.keepers, parts.roles, "keepers")


# roles ------------------------------------------------------------------------------------------------------------


def _role(desk: Desk, role: Role) -> None:
    at = ("roles", role.id)
    if role.id in desk.fields or role.id in (PARENT_UNIT, TIMER, *SPOKEN_ROLES):
        desk.fault("S210", f"角色不能叫 {role.id}，这个名称另有所指", *at, hint="换一个名称", key=True)
    units = [f.id for f in desk.fields.values() if f.type in ("unit", "catalogue")]
    for index, name in enumerate(role.of):
        if name in desk.fields:
            desk.typed(name, ("unit", "catalogue"), *at, "of", index)
        else:
            desk.known("N302", "单位字段或角色", name, [*units, PARENT_UNIT, *desk.parts.roles], *at, "of", index)
    desk.known("S204", "单位层级", role.up, UNIT_KINDS, *at, "up")
    desk.typed(role.holder_field, ("person",), *at, "is")
    desk.typed(role.not_of, ("unit",), *at, "not_of")
    desk.role(role.otherwise, *at, "else")
    if role.holder_field is not None and (role.of or role.up is not None):
        other = "of" if role.of else "up"
        desk.fault("R402", f"角色 {role.id} 写了 is 就不能写 {other}", *at, other, hint="只留一项", key=True)
    elif role.up is not None and not role.of:
        desk.fault("R402", f"角色 {role.id} 写了 up，缺少 of", *at, "up", hint="of 说明从哪个单位往上找", key=True)
    elif role.not_of is not None and not role.of:
        desk.fault("R402", f"角色 {role.id} 写了 not_of，缺少 of", *at, "not_of", key=True)


def _role_loops(desk: Desk) -> None:
    roles, told = desk.parts.roles, set[str]()
    for role in roles.values():
        reach = _reach(role.id, roles)
        if role.id not in reach or role.id in told:
            continue
        told |= {r for r in reach if role.id in _reach(r, roles)}
        path = next(p for p, name in _edges(role) if name == role.id or role.id in _reach(name, roles))
        desk.fault("R401", f"角色 {role.id} 绕一圈又指回自己", "roles", role.id, *path, hint="断开其中一处 of 或 else")


def _edges(role: Role) -> list[tuple[Path, str]]:
    found: list[tuple[Path, str]] = [(("of", i), name) for i, name in enumerate(role.of)]
    return [*found, *([(("else",), role.otherwise)] if role.otherwise is not None else [])]


def _reach(start: str, roles: Mapping[str, Role]) -> set[str]:
    """Return the roles that can be come to from a role, itself only by a loop."""
    found, todo = set[str](), [start]
    while todo:
        role = roles.get(todo.pop())
        fresh = {name for _, name in _edges(role)} - found if role else set[str]()
        found |= fresh
        todo += fresh
    return found


def _unused_roles(desk: Desk) -> None:
    parts = desk.parts
    used = {*parts.keepers, *parts.papers.values()}
    used |= {name for r in parts.roles.values() for _, name in _edges(r)}
    used |= {s.task for s in parts.states.values() if s.task}
    used |= {name for t in parts.transitions for name in (*t.by, *t.tell)}
    used |= {name for c in parts.clocks.values() for s in c.steps for name in s.roles}
    for kind in parts.requests.values():
        used |= {*kind.by, *kind.levels.values(), *kind.accepted_by.values(), kind.decided_by or ""}
    for role in parts.roles:
        if role not in used:
            desk.fault("W901", f"角色 {role} 没有用到", "roles", role, hint="不需要就删掉", key=True)


# fields and states ------------------------------------------------------------------------------------------------


def _field(desk: Desk, field: Field) -> None:
    at = ("fields", field.id)
    builtin = BUILTIN_FIELDS.get(field.id)
    if field.id in RESERVED_FIELDS:
        desk.fault("S210", f"字段不能叫 {field.id}，这个名称另有所指", *at, hint="换一个名称", key=True)
    if builtin is not None and str(field.type) and field.type != builtin.type:
        message = f"内置字段 {field.id} 的类型是 {builtin.type}，不能改成 {field.type}"
        desk.fault("N310", message, *at, "type", hint="删掉 type，或者换一个字段名")
    if field.type == "catalogue":
        catalogue = desk.parts.bindings.get(field.id, "")
        if catalogue and catalogue not in desk.catalogues:
            hint = "目录文件要先装入；或用 catalogue: 写明用哪个目录"
            desk.fault("N306", f"没有目录“{catalogue}”", *at, "catalogue", hint=hint)
    _same_title(desk, "字段", {f.id: f.title for f in desk.fields.values()}, "fields", field.id)


def _same_title(desk: Desk, what: str, titles: Mapping[str, str], section: str, name: str) -> None:
    """Report that an earlier entry (or a built-in one) has the same title: people name things by their titles."""
    written = list(desk.parts.fields if section == "fields" else desk.parts.states)
    others = [k for k, t in titles.items() if t and t == titles[name] and k != name]
    earlier = [k for k in others if k not in written or written.index(k) < written.index(name)]
    if earlier:
        hint = f"直接用内置的 {earlier[0]}" if earlier[0] not in written else ""
        message = f"{what} {name} 与 {earlier[0]} 的中文名都是“{titles[name]}”"
        desk.fault("F511", message, section, name, "title", hint=hint)


def _states(desk: Desk) -> None:
    titles = {s.id: s.title for s in desk.parts.states.values()}
    for state in desk.parts.states.values():
        at = ("states", state.id)
        if state.id in (ANY_OPEN, VOIDED.id):
            desk.fault("S210", f"环节不能叫 {state.id}，这个名称是内置的", *at, hint="换一个名称", key=True)
        desk.role(state.task, *at, "task")
        _same_title(desk, "环节", titles, "states", state.id)
        if state.final is None and state.task is None:
            hint = "用 task: 写明该谁办；终点环节写 final:"
            desk.fault("F503", f"环节 {state.id} 没有承办人", *at, hint=hint, key=True)
        elif state.final is not None and state.task is not None:
            desk.fault("F504", f"终点环节 {state.id} 不能有承办人", *at, "task", hint="删掉 task 或 final")
        if state.final is not None and state.stage not in ("closed", ""):
            desk.fault("F508", f"终点环节 {state.id} 的阶段应是 closed", *at, "stage")
        elif state.final is None and state.stage == "closed":
            desk.fault("W902", f"环节 {state.id} 在 closed 阶段却不是终点", *at, "stage", hint="用 final: 写明结果")


# transitions ------------------------------------------------------------------------------------------------------


def _transition(desk: Desk, t: Transition) -> None:
    at, parts = ("transitions", t.position), desk.parts
    triggers = tuple(dict.fromkeys(o.trigger for o in parts.transitions if o.trigger))
    desk.each("N301", "环节", t.sources, (*parts.states, ANY_OPEN), *at, "from")
    desk.known("N301", "环节", t.target, parts.states, *at, "to")
    if parts.id in t.into:
        desk.fault("S204", "into 不能是本流程", *at, "into", t.into.index(parts.id), hint="写另一个流程的名称")
    desk.each("N302", "角色", t.by, parts.roles, *at, "by")
    desk.each("N302", "角色", t.tell, (*parts.roles, *SPOKEN_ROLES), *at, "tell")
    for key, fields in (("require", t.require), ("ask", t.ask)):
        desk.each("N303", "字段", fields, desk.fields, *at, key)
    desk.each("N304", "操作", t.not_by_actor_of, triggers, *at, "not_by_actor_of")
    desk.template(t.template, *at, "template")
    if t.when is not None:
        _guard(desk, t.when, *at, "when")


def _guard(desk: Desk, guard: Guard, *path: str | int) -> None:
    place = locate(desk.tree, path)
    for fault in guard.faults({*desk.fields, *CONTEXT}):
        hint = desk.report.near(fault.name, (*desk.fields, *CONTEXT))
        desk.report.add(fault.code, _within(desk.text, place, guard.text, fault.offset), fault.message, hint)


def _within(text: str, place: Place, said: str, index: int) -> Place:
    """Return the place of a character of a one-line value, where the text has it letter by letter; else its start."""
    line = text.split("\n")[place.line - 1]
    for quote in (0, 1):
        if line.startswith(said, place.column - 1 + quote):
            return Place(place.line, place.column + quote + index)
    return place


# clocks -----------------------------------------------------------------------------------------------------------


def _clock(desk: Desk, clock: Clock) -> None:
    at, parts = ("clocks", clock.id), desk.parts
    for key, states in (("runs_in", clock.runs_in), ("paused_in", clock.paused_in)):
        desk.each("N301", "环节", states, parts.states, *at, key)
        for index, name in enumerate(states):
            if name in parts.states and parts.states[name].final is not None:
                desk.fault("T604", f"终点环节 {name} 不能计时或暂停", *at, key, index)
    for index, name in enumerate(clock.paused_in):
        if name and name in clock.runs_in:
            desk.fault("T605", f"环节 {name} 既计时又暂停", *at, "paused_in", index)
    desk.typed(clock.until, ("date",), *at, "until")
    if isinstance(clock.within, FieldSpan):
        desk.typed(clock.within.field, ("integer",), *at, "within", "field")
    if any(kind.decide_within and f"decide_{kind.id}" == clock.id for kind in parts.requests.values()):
        desk.fault("S210", f"时限 {clock.id} 与申请的审批时限重名", *at, hint="换一个名称", key=True)
    if clock.while_listed and not any(k.effect == "list" for k in parts.requests.values()):
        hint = "加上 listing，或去掉 while"
        desk.fault("Q702", f"没有挂牌申请，时限 {clock.id} 永远不会开始", *at, "while", hint=hint)
    _met_by(desk, clock)
    for index, step in enumerate(clock.steps):
        _step(desk, clock, step, *at, "steps", index)
    _ladder(desk, clock)


def _met_by(desk: Desk, clock: Clock) -> None:
    at = ("clocks", clock.id, "met_by")
    triggers = tuple(dict.fromkeys(t.trigger for t in desk.parts.transitions))
    if desk.known("N304", "操作", clock.met_by, triggers, *at):
        leaving = {s for t in desk.parts.transitions if t.trigger == clock.met_by for s in t.sources}
        if leaving <= {*desk.parts.states} and not any(map(clock.lives_in, leaving)):
            message = f"操作 {clock.met_by} 不从时限 {clock.id} 的任何一个环节出发，时限无法完成"
            desk.fault("T607", message, *at, hint=f"{clock.met_by} 从 {'、'.join(sorted(leaving))} 出发")


def _step(desk: Desk, clock: Clock, step: Step, *at: str | int) -> None:
    desk.each("N302", "角色", step.roles, (*desk.parts.roles, *SPOKEN_ROLES), *at, step.act)
    desk.template(step.template, *at, "template")
    by_hours = isinstance(clock.within, Span) and clock.within.unit in HOURLY
    for key, span in (("at", step.at), ("every", step.every)):
        if span is not None and span.unit in HOURLY and not by_hours:
            desk.fault("T606", f"{key} 不能以小时计：时限 {clock.id} 按日计算", *at, key, hint="用 workdays 或 days")
    if desk.known("N305", "申请", step.request, desk.parts.requests, *at, "propose"):
        _proposal(desk, desk.parts.requests[step.request or ""], step, *at)
    elif step.level is not None and step.act != "propose":
        desk.fault("S207", "只有 propose 才写 level", *at, "level", key=True)


def _proposal(desk: Desk, kind: RequestKind, step: Step, *at: str | int) -> None:
    if TIMER not in kind.by:
        message = f"申请 {kind.id} 不能由时限提出"
        desk.fault("Q701", message, *at, "propose", hint=f"在 {kind.id} 的 by 里加上 timer")
    if kind.levels and step.level is None:
        desk.fault("Q701", f"提出 {kind.id} 要写明 level", *at, "propose", hint=f"有：{'、'.join(kind.levels)}")
    elif kind.levels:
        desk.known("N309", "级别", step.level, kind.levels, *at, "level")
    elif step.level is not None:
        hint = f"在 {kind.id} 里用 levels 写明各级审批人"
        desk.fault("Q701", f"申请 {kind.id} 不分级别，不能写 level", *at, "level", hint=hint)


def _ladder(desk: Desk, clock: Clock) -> None:
    """Look at the ladder as a whole; a step whose time could not be read has no id."""
    seen: dict[str, int] = {}
    latest: Step | None = None
    for index, step in enumerate(clock.steps):
        at = ("clocks", clock.id, "steps", index)
        if not step.id:
            continue
        if step.id in seen:
            hint = "给其中一步写上不同的 id"
            desk.fault("T603", f"步骤标识 {step.id} 与第 {seen[step.id] + 1} 步相同", *at, hint=hint)
        seen.setdefault(step.id, index)
        if latest is not None and _hours(step.at) < _hours(latest.at):
            desk.fault("T601", f"步骤 {step.id} 早于前一步 {latest.id}", *at, "at", hint="各步按时间先后写")
        latest = step
        if isinstance(clock.within, Span) and clock.within is not NO_SPAN and -_hours(step.at) > _hours(clock.within):
            desk.fault("T602", f"步骤 {step.id} 早于时限开始（时限只有 {clock.within}）", *at, "at")


def _hours(span: Span) -> float:
    return span.amount * _HOURS[span.unit]


# requests ---------------------------------------------------------------------------------------------------------


def _request(desk: Desk, kind: RequestKind) -> None:
    at, parts = ("requests", kind.id), desk.parts
    desk.each("N302", "角色", kind.by, (*parts.roles, TIMER), *at, "by")
    desk.known("N302", "角色", kind.decided_by, (*parts.roles, *DECIDERS), *at, "decided_by")
    for key, fields in (("require", kind.require), ("ask", kind.ask)):
        desk.each("N303", "字段", fields, desk.fields, *at, key)
    _levels(desk, kind)
    if kind.before_due is not None and kind.before_due.unit in HOURLY:
        desk.fault("T606", "before_due 不能以小时计", *at, "before_due", hint="用 workdays 或 days")
    if "levels" in _written(desk, *at) and not kind.levels:
        desk.fault("Q702", f"申请 {kind.id} 的 levels 是空的，无人审批", *at, "levels", key=True)
    if kind.effect == "extend" and "new_due_on" not in kind.ask:
        desk.fault("Q702", f"申请 {kind.id} 是延期，ask 里要有 new_due_on（申请延期至）", *at, "ask", key=True)
    if kind.decided_by == "level_that_listed" and not any(k.effect == "list" for k in parts.requests.values()):
        desk.fault("Q702", "没有挂牌申请，谈不上原挂牌层级", *at, "decided_by", hint="加上 listing，或写一个角色")
    proposed = {s.request for c in parts.clocks.values() for s in c.steps}
    if kind.by == (TIMER,) and kind.id not in proposed:
        desk.fault("W903", f"申请 {kind.id} 只能由时限提出，却没有哪一步提出它", *at, key=True)


def _levels(desk: Desk, kind: RequestKind) -> None:
    at = ("requests", kind.id)
    for key, known, roles in (("levels", LEVELS, kind.levels), ("accepted_by", kind.levels, kind.accepted_by)):
        for level, role in roles.items():
            desk.role(role, *at, key, level)
            if level not in known:
                hint = desk.report.near(level, known) or f"有：{'、'.join(known)}"
                desk.fault("N309", f"没有级别“{level}”", *at, key, level, hint=hint, key=True)


def _written(desk: Desk, section: str, name: str) -> Collection[str]:
    node = desk.tree.entries[section].node
    entry = node.entries[name].node if isinstance(node, Table) else None
    return entry.entries if isinstance(entry, Table) else ()

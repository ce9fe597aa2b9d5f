"""What a story expects, held against what came."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime

from .decision import Decision, Refusal
from .moments import ZONE, local_day
from .performing import Performance
from .simulate import Case, Done
from .source import Items, Node, Place, Scalar, Table
from .story import Expected, read_moment
from .ticket import ClockRun
from .workflow import Workflow

__all__ = ["unmet"]

NONE = "none"  #: how a story writes that something is not there


def unmet(
    performance: Performance, answer: Decision | Refusal | None, expected: Iterable[Expected], since: Sequence[Done]
) -> Iterator[tuple[Place, str]]:
    """Yield every expectation that is not met, with its place; `since` is what was decided since the step before."""
    wanted = tuple(expected)
    if isinstance(answer, Refusal) and not any(e.kind == "refused" for e in wanted):
        yield Place(0, 0), "被退回：" + "；".join(f"{r.code} {r.message}" for r in answer.reasons)
    for one in wanted:
        if one.kind == "refused":
            yield from _refused(answer, one)
        else:
            yield from _CHECKS[one.kind](_Scene(performance, since), one)


class _Scene:
    """What an expectation is held against."""

    def __init__(self, performance: Performance, since: Sequence[Done]) -> None:
        self.performance = performance
        self.since = [d for d in since if d.number == performance.number]

    @property
    def case(self) -> Case:
        return self.performance.case

    @property
    def workflow(self) -> Workflow:
        return self.performance.world.workflows[self.case.ticket.workflow]

    @property
    def now(self) -> datetime:
        return self.performance.world.now


def _refused(answer: Decision | Refusal | None, one: Expected) -> Iterator[tuple[Place, str]]:
    if not isinstance(answer, Refusal):
        yield one.place, f"应当被退回（{'、'.join(_list(one.node))}），却办成了"
        return
    came = {r.code for r in answer.reasons}
    if came != set(_list(one.node)):
        said = "；".join(f"{r.code} {r.message}" for r in answer.reasons)
        yield one.place, f"退回的理由应为 {'、'.join(_list(one.node))}，实际 {said}"


def _state(scene: _Scene, one: Expected) -> Iterator[tuple[Place, str]]:
    state = scene.workflow.states[scene.case.ticket.state]
    yield from _same("环节", _text(one.node), state.id, one.place, other=state.title)


def _workflow(scene: _Scene, one: Expected) -> Iterator[tuple[Place, str]]:
    yield from _same("流程", _text(one.node), scene.workflow.id, one.place, other=scene.workflow.title)


def _listed(scene: _Scene, one: Expected) -> Iterator[tuple[Place, str]]:
    yield from _same("挂牌级别", _text(one.node), scene.case.ticket.listed or NONE, one.place)


def _messages(scene: _Scene, one: Expected) -> Iterator[tuple[Place, str]]:
    """Compare all messages since the step before: no fewer, no more, each template to each person once."""
    directory = scene.performance.world.directory
    wanted: dict[tuple[str, str], Place] = {}
    for template, (place, node) in _pairs(one.node).items():
        people = (p for word in _list(node) for p in scene.performance.persons(word))
        wanted |= {(template, p): place for p in people}
    came = {(m.template, m.recipient) for d in scene.since for m in d.decision.messages}
    for template, person in wanted:
        if (template, person) not in came:
            yield wanted[template, person], f"应有提醒消息 {template} 给{directory.person_name(person)}，没有"
    extra = [f"{t} 给{directory.person_name(p)}" for t, p in sorted(came) if (t, p) not in wanted]
    if extra:
        yield one.place, f"多出提醒消息：{'、'.join(extra)}"


def _due(scene: _Scene, one: Expected) -> Iterator[tuple[Place, str]]:
    if isinstance(one.node, Scalar):
        yield from _same("整改时限", _text(one.node), scene.case.ticket.marks.get("due_on") or NONE, one.place)
    for clock, (place, node) in _pairs(one.node).items():
        run = scene.case.clocks.get(clock)
        yield from _moment(f"时限 {clock}", _text(node), _ends(run), place)


def _timers(scene: _Scene, one: Expected) -> Iterator[tuple[Place, str]]:
    armed = {key.clock: at for key, at in scene.case.timers.items()}
    for clock, (place, node) in _pairs(one.node).items():
        yield from _moment(f"时限 {clock} 的下一次定时任务", _text(node), armed.get(clock), place)


def _overdue(scene: _Scene, one: Expected) -> Iterator[tuple[Place, str]]:
    late = sorted(r.clock for r in scene.case.clocks.values() if _is_late(r, scene.now))
    yield from _same("逾期的时限", "、".join(sorted(_list(one.node))), "、".join(late), one.place)


def _crossed(scene: _Scene, one: Expected) -> Iterator[tuple[Place, str]]:
    steps = [f"{c.key.clock}/{c.key.step}" for d in scene.since for c in d.decision.crossed]
    yield from _same("经过的督办步骤", "、".join(_list(one.node)), "、".join(steps), one.place)


def _requests(scene: _Scene, one: Expected) -> Iterator[tuple[Place, str]]:
    for kind, (place, node) in _pairs(one.node).items():
        came = [r.status for r in scene.case.requests.values() if r.kind == kind]
        yield from _row(f"申请 {kind}", node, came, place)


def _documents(scene: _Scene, one: Expected) -> Iterator[tuple[Place, str]]:
    for kind, (place, node) in _pairs(one.node).items():
        came = [d.status for d in scene.case.documents.values() if d.kind == kind]
        yield from _row(f"文书 {kind}", node, came, place)


def _calls(scene: _Scene, one: Expected) -> Iterator[tuple[Place, str]]:
    yield from _same("待打的电话", "、".join(sorted(_list(one.node))), "、".join(sorted(scene.case.calls)), one.place)


def _incidents(scene: _Scene, one: Expected) -> Iterator[tuple[Place, str]]:
    kinds = sorted({i.kind for i in scene.case.incidents.values()})
    yield from _same("待处理事项", "、".join(sorted(_list(one.node))), "、".join(kinds), one.place)


def _marks(scene: _Scene, one: Expected) -> Iterator[tuple[Place, str]]:
    yield from _values("里程碑", scene.case.ticket.marks, one)


def _fields(scene: _Scene, one: Expected) -> Iterator[tuple[Place, str]]:
    yield from _values("字段", scene.case.ticket.fields, one)


_CHECKS: Mapping[str, Callable[[_Scene, Expected], Iterator[tuple[Place, str]]]] = {
    "state": _state,
    "workflow": _workflow,
    "messages": _messages,
    "due": _due,
    "overdue": _overdue,
    "timers": _timers,
    "crossed": _crossed,
    "requests": _requests,
    "documents": _documents,
    "listed": _listed,
    "calls": _calls,
    "incidents": _incidents,
    "marks": _marks,
    "fields": _fields,
}


# comparing --------------------------------------------------------------------------------------------------------


def _same(what: str, wanted: str, came: str, place: Place, *, other: str = "") -> Iterator[tuple[Place, str]]:
    if wanted not in (came, other or came):
        yield place, f"{what}应为 {wanted or NONE}，实际 {came or NONE}{f'（{other}）' if other else ''}"


def _row(what: str, node: Node, came: list[str], place: Place) -> Iterator[tuple[Place, str]]:
    """Compare a list with all, a single word with the last."""
    if isinstance(node, Items):
        yield from _same(what, "、".join(_list(node)), "、".join(came), place)
    else:
        yield from _same(what, _text(node), came[-1] if came else NONE, place)


def _values(what: str, kept: Mapping[str, object], one: Expected) -> Iterator[tuple[Place, str]]:
    for name, (place, node) in _pairs(one.node).items():
        value = kept.get(name)
        came = NONE if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        yield from _same(f"{what} {name} ", _text(node), came, place)


def _moment(what: str, wanted: str, came: date | datetime | None, place: Place) -> Iterator[tuple[Place, str]]:
    """Compare a day with a day, and an instant with an instant."""
    if wanted == NONE or came is None:
        yield from _same(what, wanted, NONE if came is None else _show(came), place)
        return
    day_only = len(wanted) <= len("2024-09-02")
    local = came.astimezone(ZONE) if isinstance(came, datetime) else came
    if day_only:
        yield from _same(what, wanted, (local.date() if isinstance(local, datetime) else local).isoformat(), place)
    elif not isinstance(local, datetime) or read_moment(wanted) != local:
        yield place, f"{what}应为 {wanted}，实际 {_show(came)}"


def _show(moment: date | datetime) -> str:
    return f"{moment.astimezone(ZONE):%Y-%m-%d %H:%M}" if isinstance(moment, datetime) else moment.isoformat()


def _ends(run: ClockRun | None) -> date | datetime | None:
    """Return when a live run ends: its day, or its instant where it ends within a day."""
    if run is None or not run.live or run.due_on is None or run.due_at is None:
        return None
    whole_day = run.due_at.astimezone(ZONE).time() == datetime.min.time()
    return run.due_on if whole_day else run.due_at


def _is_late(run: ClockRun, now: datetime) -> bool:
    if run.status != "running" or run.due_on is None or run.due_at is None:
        return False
    return now >= run.due_at if isinstance(_ends(run), datetime) else local_day(now) > run.due_on


def _text(node: Node) -> str:
    return node.text.strip() if isinstance(node, Scalar) else "、".join(_list(node))


def _list(node: Node) -> list[str]:
    if isinstance(node, Items):
        return [n.text.strip() for n in node.nodes if isinstance(n, Scalar)]
    return [_text(node)] if isinstance(node, Scalar) and node.value is not None else []


def _pairs(node: Node) -> dict[str, tuple[Place, Node]]:
    return {k: (e.place, e.node) for k, e in node.entries.items()} if isinstance(node, Table) else {}

"""From the YAML text of a scenario to its stories: steps with virtual times, and what is expected after each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time

from msgspec import Struct, field

from .moments import ZONE
from .schema import Record
from .source import Entry, Items, Node, Place, Report, Scalar, Table, parse
from .workflow import Workflow

__all__ = [
    "ACTIONS",
    "EXPECTATIONS",
    "SCENARIO_PROBLEMS",
    "Expected",
    "Scenario",
    "Step",
    "Story",
    "Value",
    "read_moment",
    "read_scenario",
]

ACTIONS = ("report", "import", "do", "ask", "rule", "sign_off", "amend", "void")
EXPECTATIONS = (
    *("state", "workflow", "refused", "messages", "due", "overdue", "timers", "crossed", "requests", "documents"),
    *("listed", "calls", "incidents", "marks", "fields"),
)
MORNING = time(9)  #: the hour of a step that names a day only
Value = str | None | list[str]

#: Code of a problem of a scenario file, beside those of any YAML text → what kind of mistake it is.
SCENARIO_PROBLEMS: Mapping[str, str] = {
    "C101": "没有这个流程",
    "C102": "没有这个人",
    "C103": "时间写法有误",
    "C104": "时间倒退",
    "C105": "一步没有内容，或办了两件事",
    "C106": "前情有误",
    "C107": "没有故事",
}


class Expected(Struct, frozen=True, kw_only=True):
    """One thing expected after a step: what kind, where it is written, and the value as it is written."""

    kind: str
    place: Place
    node: Node


class Step(Struct, frozen=True, kw_only=True):
    """One step of a story; `skipped` says that nobody looked since the step before."""

    place: Place
    at: datetime | None
    skipped: bool
    who: str | None
    action: str | None
    subject: str  #: what the action is about: a trigger, a kind of request, a proof, a reason …
    data: Mapping[str, Value]
    said: Mapping[str, str]  #: for, via, on, note, into, level, reason, request, ticket
    evidence: tuple[str, ...]
    expected: tuple[Expected, ...]


class Story(Struct, frozen=True, kw_only=True):
    """A named list of steps, after those of another story."""

    id: str
    title: str
    place: Place
    after: str | None
    steps: tuple[Step, ...]


class Scenario(Struct, frozen=True, kw_only=True):
    """A file of stories about one workflow."""

    source: str
    title: str
    workflow: str
    people: Mapping[str, str] = field(default_factory=dict[str, str])  #: short name → person's name or role@unit
    stories: Mapping[str, Story] = field(default_factory=dict[str, Story])

    def steps(self, story: Story) -> tuple[Step, ...]:
        """Return the steps of the stories that go before."""
        before: list[Story] = []
        while story.after is not None:
            story = self.stories[story.after]
            before.insert(0, story)
        return tuple(s for b in before for s in b.steps)


def read_scenario(text: str, report: Report, workflows: Mapping[str, Workflow]) -> Scenario | None:
    """Read a scenario; what is wrong lands in the report, and then there is none."""
    tree = parse(text, report)
    if tree is None:
        return None
    top = Record(Entry(Place(), tree), report, "场景")
    scenario = Scenario(
        source=report.source,
        title=top.title("scenario"),
        workflow=top.name_of("workflow"),
        people=_people(top),
        stories=top.table("stories", "故事", _story, required=True),
    )
    top.done()
    if scenario.workflow and scenario.workflow not in workflows:
        report.add(
            "C101", top.at("workflow"), f"没有流程“{scenario.workflow}”", report.near(scenario.workflow, workflows)
        )
    if not scenario.stories and not report.failed:
        report.add("C107", top.at("stories"), "一个故事也没有")
    _check_order(scenario, report)
    return None if report.failed else scenario


# reading ----------------------------------------------------------------------------------------------------------


def _people(top: Record) -> dict[str, str]:
    node = top.node("people")
    return {name: text for name, (_, text) in _words(top, "people", node).items()}


def _story(r: Record) -> Story:
    return Story(
        id=r.name,
        title=r.title(),
        place=r.place,
        after=r.optional("after"),
        steps=r.records("steps", "步骤", _step, required=True),
    )


def _step(r: Record) -> Step:
    at, skipped = _moment(r, "at"), _moment(r, "skip to")
    found = [a for a in ACTIONS if r.has(a)]
    if len(found) > 1 or not (found or r.has("expect")) or (at and skipped):
        r.fault(
            "C105", r.place, "一步要办一件事（或只写 expect），at 与 skip to 只写一项", f"可办：{'、'.join(ACTIONS)}"
        )
    action = found[0] if found else None
    subject, data = _subject(r, action)
    if action is not None and not r.has("who"):
        r.fault("C105", r.place, "缺少 who：谁来办")
    said = ("for", "via", "on", "note", "into", "level", "reason", "request", "ticket")
    return Step(
        place=r.place,
        at=at or skipped,
        skipped=skipped is not None,
        who=r.optional("who"),
        action=action,
        subject=subject,
        data={**data, **_data(r, "with")},
        said={key: word for key in said if (word := r.text(key)) is not None},
        evidence=r.names("evidence"),
        expected=tuple(_expected(r)),
    )


def _subject(r: Record, action: str | None) -> tuple[str, dict[str, Value]]:
    """Return what the action is about: data for a report, an import and an amendment, a word for the others."""
    if action in ("report", "import", "amend"):
        return "", _data(r, action)
    return (r.name_of(action), {}) if action is not None else ("", {})


def _data(r: Record, key: str) -> dict[str, Value]:
    node = r.node(key)
    if node is None:
        return {}
    if not isinstance(node, Table):
        r.fault("S203", node.place, f"{key} 应写成“字段: 内容”")
        return {}
    return {name: _value(entry.node) for name, entry in node.entries.items()}


def _value(node: Node) -> Value:
    if isinstance(node, Items):
        return [n.text for n in node.nodes if isinstance(n, Scalar)]
    return node.text if isinstance(node, Scalar) and node.value is not None else None


def _words(r: Record, key: str, node: Node | None) -> dict[str, tuple[Place, str]]:
    if node is None:
        return {}
    if not isinstance(node, Table):
        r.fault("S203", node.place, f"{key} 应写成“名称: 内容”")
        return {}
    return {n: (e.place, e.node.text) for n, e in node.entries.items() if isinstance(e.node, Scalar)}


def _moment(r: Record, key: str) -> datetime | None:
    node = r.node(key)
    if node is None:
        return None
    try:
        return read_moment(node.text if isinstance(node, Scalar) else "")
    except ValueError:
        r.fault("C103", node.place, f"{key} 的时间看不懂", "写成 2024-09-02 09:00，或只写日期（即当日 9 时）")
        return None


def read_moment(text: str) -> datetime:
    """Read a local time such as 2024-09-02 09:00; a day alone is its morning.

    Raises:
        ValueError: it is neither.
    """
    moment = datetime.fromisoformat(text.strip())
    if len(text.strip()) <= len("2024-09-02"):
        moment = datetime.combine(date.fromisoformat(text.strip()), MORNING)
    return moment.replace(tzinfo=ZONE)


def _expected(r: Record) -> Iterator[Expected]:
    if not r.has("expect"):
        return
    inner = r.record("expect", "expect ")
    for kind in EXPECTATIONS:
        place, node = inner.at(kind), inner.node(kind)
        if node is not None:
            yield Expected(kind=kind, place=place, node=node)
    inner.done()


def _check_order(scenario: Scenario, report: Report) -> None:
    """Stories begin after stories that exist, in a line; the times of a story do not run backwards."""
    for story in scenario.stories.values():
        if story.after is not None and not _leads_back(scenario, story):
            report.add("C106", story.place, f"故事 {story.id} 的前情 {story.after} 不存在，或绕回到自己")
            return
    for story in scenario.stories.values():
        _check_times(story, scenario.steps(story), report)


def _leads_back(scenario: Scenario, story: Story) -> bool:
    seen = {story.id}
    while story.after is not None:
        if story.after in seen or story.after not in scenario.stories:
            return False
        seen.add(story.after)
        story = scenario.stories[story.after]
    return True


def _check_times(story: Story, before: tuple[Step, ...], report: Report) -> None:
    last = max((s.at for s in before if s.at is not None), default=None)
    for step in story.steps:
        if last is None and step.at is None:
            report.add("C103", step.place, f"故事 {story.id} 的第一步缺少 at")
            return
        if step.at is not None and last is not None and step.at < last:
            report.add("C104", step.place, f"这一步的时间早于上一步（{last:%Y-%m-%d %H:%M}）")
        last = step.at or last

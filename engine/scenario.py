"""Scenario tests of a definition: stories with virtual times, told in YAML beside it.

A file tells several stories. A story is a list of steps: when (`at`, or `skip to` when nobody looked meanwhile), who
does what with which data, and what is then expected. A story may begin where another one ends (`after`).

    scenario: 一般隐患整改
    workflow: hazard
    people: {校长: principal@示例二镇第一小学}
    stories:
      reported:
        title: 上报
        steps:
          - {at: 2024-09-02 09:00, who: 安全股股长, report: {source: bureau, …}, expect: {state: reported}}

A step that is refused fails its story unless it expects `refused: [codes]`; `messages`, `crossed`, `overdue`, `calls`
and `refused` are complete lists, the other expectations look at what they name. The hash chain of every ticket is
checked at the end of each story. Nothing here reads a file or a clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from msgspec import Struct

from .calendar import WorkCalendar
from .chain import check_chain
from .directory import Directory
from .errors import Problem, RectiflowError
from .expecting import unmet
from .performing import Performance
from .simulate import World
from .source import Place, Report
from .story import MORNING, Scenario, Step, Story, read_scenario
from .workflow import Workflow

__all__ = ["MORNING", "Failure", "ScenarioResult", "StoryResult", "run_scenario", "untaken"]


class Failure(Struct, frozen=True, kw_only=True):
    """Something a story expected and that did not come, with the place it is written."""

    source: str
    line: int
    column: int
    story: str
    message: str

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}: “{self.story}”{self.message}"


class StoryResult(Struct, frozen=True, kw_only=True):
    """What came of one story: its own steps, all decisions, what was taken (workflow, trigger), what was not met."""

    id: str
    title: str
    steps: int
    decisions: int
    taken: frozenset[tuple[str, str]]
    failures: tuple[Failure, ...]


class ScenarioResult(Struct, frozen=True, kw_only=True):
    """What came of a file: its problems (then nothing was performed), or one result per story."""

    source: str
    title: str = ""
    problems: tuple[Problem, ...] = ()
    stories: tuple[StoryResult, ...] = ()

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Everything that was not met, story by story."""
        return tuple(f for s in self.stories for f in s.failures)

    @property
    def passed(self) -> bool:
        """Whether the file could be read and every expectation was met."""
        return not self.problems and not self.failures


def untaken(workflow: Workflow, results: Iterable[ScenarioResult]) -> tuple[str, ...]:
    """Return the actions and requests of a workflow that no story takes, in the author's order."""
    taken = {name for r in results for s in r.stories for where, name in s.taken if where == workflow.id}
    return tuple(name for name in (*workflow.triggers, *workflow.requests) if name not in taken)


def run_scenario(
    text: str, source: str, workflows: Mapping[str, Workflow], directory: Directory, calendar: WorkCalendar
) -> ScenarioResult:
    """Perform every story of a scenario, each in a world of its own.

    Args:
        text: the scenario, YAML 1.2.
        source: what to call the text in problems and failures, usually the file's name.
        workflows: the definitions by id; the one named by the scenario, and those its tickets may change into.
        directory: the organisation the people of the stories are found in.
        calendar: the working days.
    """
    report = Report(source)
    scenario = read_scenario(text, report, workflows)
    if scenario is not None:
        _check_people(scenario, report, workflows, directory)
    if scenario is None or report.failed:
        return ScenarioResult(source=source, problems=report.problems)
    start = min(s.at for story in scenario.stories.values() for s in story.steps if s.at is not None)
    worlds = ((s, World(workflows, directory, calendar, start)) for s in scenario.stories.values())
    stories = tuple(_tell(scenario, story, world, start) for story, world in worlds)
    return ScenarioResult(source=source, title=scenario.title, stories=stories)


def _tell(scenario: Scenario, story: Story, world: World, start: datetime) -> StoryResult:
    before = scenario.steps(story)
    world.now = min((s.at for s in (*before, *story.steps) if s.at is not None), default=start)
    performance = Performance(scenario, world)
    found = [f for step in before for f in _play(performance, step)]
    failures = [(story.place, "的前情没有办成，见前情的故事")] if found else _played(performance, story.steps)
    return StoryResult(
        id=story.id,
        title=story.title,
        steps=len(story.steps),
        decisions=len(world.log),
        taken=frozenset(_taken(world)),
        failures=tuple(
            Failure(source=scenario.source, line=p.line, column=p.column, story=story.title, message=m)
            for p, m in failures
        ),
    )


def _taken(world: World) -> Iterator[tuple[str, str]]:
    """Yield the actions that were taken and the kinds of requests there were, each with its workflow."""
    for done in world.log:
        event, workflow = done.decision.events[0], done.decision.ticket.workflow
        if event.kind in ("acted", "reclassified"):
            yield event.public.get("from_workflow", workflow), event.trigger
        yield from ((workflow, r.kind) for r in done.decision.requests)


def _played(performance: Performance, steps: Iterable[Step]) -> list[tuple[Place, str]]:
    """Play a story's own steps; the first step that cannot be done at all ends it."""
    failures: list[tuple[Place, str]] = []
    last = Place()
    for step in steps:
        last = step.place
        failures += _play(performance, step)
    broken = (b for n, c in performance.world.cases.items() for b in check_chain(n, c.events, c.ticket.head))
    return failures + [(last, f"的办理记录不完整：{b.number} 第 {b.seq} 条，{b.message}") for b in broken]


def _play(performance: Performance, step: Step) -> Iterator[tuple[Place, str]]:
    begun = len(performance.world.log)
    try:
        performance.wait(step)
        answer = performance.perform(step)
        found = list(unmet(performance, answer, step.expected, performance.world.log[begun:]))
    except (RectiflowError, ValueError) as exc:
        yield step.place, f"这一步办不了：{exc}"
        return
    for place, message in found:
        yield (place if place.line else step.place), message


def _check_people(scenario: Scenario, report: Report, workflows: Mapping[str, Workflow], directory: Directory) -> None:
    roles = {role for w in workflows.values() for role in w.roles}
    for story in scenario.stories.values():
        for step in story.steps:
            for word in filter(None, (step.who, step.said.get("for"))):
                fault = _unknown(scenario.people.get(word, word), roles, directory)
                if fault:
                    report.add("C102", step.place, fault)


def _unknown(text: str, roles: set[str], directory: Directory) -> str:
    role, at, unit = text.partition("@")
    if text in roles:
        return ""
    try:
        if at:
            directory.find_unit(unit)
            return "" if role in roles else f"没有角色“{role}”"
        directory.find_person(text)
    except RectiflowError as exc:
        return str(exc)
    return ""

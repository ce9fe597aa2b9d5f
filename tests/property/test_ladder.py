"""Clocks and ladders against a plain model that goes day by day and counts on its fingers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Literal, NamedTuple

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rectiflow.engine.calendar import WorkCalendar
from rectiflow.engine.directory import Directory, District, Holding, Person, Post, Unit
from rectiflow.engine.load import load_workflow
from rectiflow.engine.moments import ZONE
from rectiflow.engine.simulate import World
from rectiflow.engine.workflow import Clock, Span, Step, Workflow
from support.district import at, done

FIRST, LAST = date(2024, 1, 1), date(2027, 12, 31)
START = date(2024, 3, 4)
ROLES: Mapping[str, tuple[str, ...]] = {"one": ("a",), "two": ("b", "c"), "three": ("a", "c", "d")}
DEFINITION = """
workflow: counted
version: 1
title: 数着办
initial: reported
roles: {keeper: {title: 管理}, one: {title: 甲}, two: {title: 乙}, three: {title: 丙}}
fields: {due_on: {title: 整改时限, type: date}}
states:
  reported: {title: 待办, stage: reported, task: keeper}
  rectifying: {title: 在办, stage: rectifying, task: keeper}
  waiting: {title: 待查, stage: rectifying, task: keeper}
  closed: {title: 办结, stage: closed, final: rectified}
transitions:
  - {trigger: start, title: 开始, from: reported, to: rectifying, by: keeper, require: due_on}
  - {trigger: submit, title: 送查, from: rectifying, to: waiting, by: keeper}
  - {trigger: fail, title: 重办, from: waiting, to: rectifying, by: keeper, ask: due_on}
  - {trigger: pass, title: 办完, from: waiting, to: closed, by: keeper, tell: [one, two, three]}
clocks:
  work: {title: 时限, until: due_on, runs_in: rectifying, paused_in: waiting, met_by: submit}
requests:
  extension: {title: 延期, by: keeper, decided_by: one, ask: new_due_on}
"""


class Rung(NamedTuple):
    """One occurrence of a step, the day it belongs to, and the moment it was crossed."""

    version: int
    step: str
    occurrence: int
    day: date
    crossed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """One year of a made-up calendar."""

    year: int
    holidays: frozenset[date]
    makeup: frozenset[date]
    covered: bool = True


@cache
def base() -> Workflow:
    """Load the definition once; its ladder is put in afterwards."""
    return load_workflow(DEFINITION, source="counted.yaml", catalogues={})


@cache
def directory() -> Directory:
    """Return a unit with a keeper and four people who hold three roles between them."""
    posts = {"keeper": ("k",), **ROLES}
    return Directory(
        district=District(code="1", prefix="X", name="区"),
        revision=1,
        units=[Unit(id="u", name="单位", kind="school")],
        posts=[Post(id=r, unit="u", title=r, roles=frozenset({r})) for r in posts],
        persons=[Person(id=p, name=p) for p in "kabcd"],
        holdings=[Holding(post=r, person=p) for r, people in posts.items() for p in people],
        substitutions=[],
    )


# the model ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Model:
    """What should happen, counted day by day. It knows no calendar arithmetic, only whether a day works."""

    works: Callable[[date], bool]
    steps: tuple[Step, ...]
    budget: Span | None
    due_on: date
    version: int = 1
    running: bool = True
    used: int = 0
    since: date = START
    behind: set[tuple[int, str, int]] = field(default_factory=set[tuple[int, str, int]])
    crossed: list[Rung] = field(default_factory=list[Rung])
    late: set[Rung] = field(default_factory=set[Rung])  #: meant for before the date, and it had passed
    overtaken: set[Rung] = field(
        default_factory=set[Rung]
    )  #: of a step that skips: the one after it was due too, or nobody looked for a day

    def shift(self, day: date, amount: int, unit: str) -> date:
        """Go from a day to the n-th day after it (before it), one day at a time."""
        step = timedelta(days=1 if amount > 0 else -1)
        left = abs(amount)
        while left:
            day += step
            left -= unit == "days" or self.works(day)
        return day

    def count(self, start: date, end: date, unit: str) -> int:
        """Count the days after `start` up to `end`."""
        days = (start + timedelta(days=i) for i in range(1, (end - start).days + 1))
        return sum(unit == "days" or self.works(d) for d in days)

    def days(self, step: Step) -> Iterator[date]:
        """Yield the days the occurrences of a step belong to, without end when it repeats."""
        day = self.shift(self.due_on, step.at.amount, step.at.unit)
        yield day
        gap, index, past = step.every.amount if step.every else 0, 0, 0
        while step.every is not None:
            past += gap
            yield self.shift(day, past, step.every.unit)
            index += 1
            if step.widen and index >= 3:
                gap = max(step.every.amount, min(gap * 2, 20))

    def begin(self, now: datetime, due_on: date) -> None:
        """Begin a version: what lies before now is behind and never comes."""
        self.due_on = due_on
        for rung in self.until(now):
            self.behind.add(rung[:3])

    def until(self, now: datetime) -> list[tuple[int, str, int, date]]:
        """Return every occurrence due by now that is not behind, in order."""
        found: list[tuple[date, int, Step, int]] = []
        for place, step in enumerate(self.steps):
            for occurrence, day in enumerate(self.days(step)):
                if datetime.combine(day, datetime.min.time().replace(hour=9), ZONE) > now:
                    break
                if (self.version, step.id, occurrence) not in self.behind:
                    found.append((day, place, step, occurrence))
        return [(self.version, step.id, k, day) for day, _, step, k in sorted(found, key=lambda f: (f[0], f[1], f[3]))]

    def tick(self, now: datetime) -> None:
        """Cross what is due, unless the clock stands still."""
        due = self.until(now) if self.running else []
        for rung in due:
            self.behind.add(rung[:3])
            self.crossed.append(Rung(*rung, now))
            version, name, occurrence, day = rung
            step = next(s for s in self.steps if s.id == name)
            if step.at.amount < 0 and now.astimezone(ZONE).date() > self.due_on:
                self.late.add(self.crossed[-1])
            nine = datetime.combine(day, datetime.min.time().replace(hour=9), ZONE)
            passed = (version, name, occurrence + 1) in {r[:3] for r in due} or now - nine >= timedelta(days=1)
            if step.catch_up == "skip" and passed:
                self.overtaken.add(self.crossed[-1])

    def pause(self, day: date) -> None:
        """Stand still; a clock of a length remembers what it used."""
        self.running = False
        if self.budget is not None:
            self.used += self.count(self.since, day, self.budget.unit)

    def resume(self, now: datetime, day: date, due_on: date) -> None:
        """Go on, with another date or with what is left."""
        self.running, self.since = True, day
        if self.budget is not None:
            self.due_on = self.shift(day, self.budget.amount - self.used, self.budget.unit)
        elif due_on != self.due_on:
            self.version += 1
            self.begin(now, due_on)


# what happens ---------------------------------------------------------------------------------------------------------

Move = tuple[Literal["wait", "early", "down", "pause", "resume", "extend"], int]


@st.composite
def ladders(draw: st.DrawFn) -> tuple[Step, ...]:
    """Return a ladder: some steps before and after the date, the last of which repeats."""
    unit = draw(st.sampled_from(["workdays", "days"]))
    offsets = sorted(draw(st.sets(st.integers(-8, 12), min_size=1, max_size=5)))
    steps = [_step(draw, amount, unit) for amount in offsets]
    every = Span(draw(st.integers(1, 7)), draw(st.sampled_from(["workdays", "days"])))
    catch_up = draw(st.sampled_from(["one", "all", "skip"]))
    return (*steps[:-1], replace(steps[-1], every=every, widen=draw(st.booleans()), catch_up=catch_up))


def _step(draw: st.DrawFn, amount: int, unit: Any) -> Step:
    name = f"step{amount}"
    roles = tuple(draw(st.lists(st.sampled_from(sorted(ROLES)), min_size=1, max_size=2, unique=True)))
    return Step(id=name, at=Span(amount, unit), act="remind", roles=roles, template=name)


@st.composite
def calendars(draw: st.DrawFn) -> tuple[WorkCalendar, Callable[[date], bool]]:
    """Return a calendar with holidays and make-up days anywhere, and the plain question whether a day works."""
    offsets = st.integers(0, 500).map(lambda n: START + timedelta(days=n - 60))
    off, work = draw(st.sets(offsets, max_size=40)), draw(st.sets(offsets, max_size=20))
    years = [
        Year(
            year=y,
            holidays=frozenset(d for d in off if d.year == y and d not in work),
            makeup=frozenset(d for d in work if d.year == y),
        )
        for y in range(FIRST.year, LAST.year + 1)
    ]

    def works(day: date) -> bool:
        return day in work or (day.weekday() < 5 and day not in off)

    return WorkCalendar("made up", years), works


moves: st.SearchStrategy[list[Move]] = st.lists(
    st.tuples(st.sampled_from(["wait", "wait", "early", "down", "pause", "resume", "extend"]), st.integers(1, 25)),
    min_size=1,
    max_size=9,
)


class Drive:
    """The engine and the model, side by side."""

    def __init__(
        self,
        steps: tuple[Step, ...],
        calendar: WorkCalendar,
        works: Callable[[date], bool],
        due_on: date,
        budget: Span | None,
    ) -> None:
        clock = base().clocks["work"]
        fitted: Clock = replace(clock, steps=steps, until=None if budget else clock.until, within=budget)
        workflow = dataclasses.replace(base(), clocks={"work": fitted})
        self.world = World({"counted": workflow}, directory(), calendar, at(START.isoformat(), "10:00"))
        self.number = done(self.world.report("counted", "k", due_on=due_on)).ticket.number
        self.model = Model(works, steps, budget, due_on)
        if budget is not None:
            self.model.due_on = self.model.shift(START, budget.amount, budget.unit)
        done(self.world.act(self.number, "start", "k"))
        self.model.begin(self.world.now, self.model.due_on)
        self.day = START

    def play(self, move: Move) -> None:
        """Let one thing happen to both."""
        kind, days = move
        if kind == "down":
            self._sleep(days)
        elif kind == "early":
            self._look_early(days)
        else:
            self._live(days)
            self._act(kind, days)
        self._compare()

    def _live(self, days: int) -> None:
        for _ in range(days):
            self.day += timedelta(days=1)
            self._be_there()

    def _be_there(self) -> None:
        for hour in ("09:00", "10:00"):
            self.world.advance_to(at(self.day.isoformat(), hour))
            self.model.tick(self.world.now)

    def _sleep(self, days: int) -> None:
        self.day += timedelta(days=days)
        self.world.sleep_until(at(self.day.isoformat(), "10:00"))
        self.model.tick(self.world.now)

    def _look_early(self, days: int) -> None:
        """Look once a day, before the ladder's hour, and on the last one also in time."""
        for _ in range(days):
            self.day += timedelta(days=1)
            self.world.sleep_until(at(self.day.isoformat(), "08:00"))
            self.model.tick(self.world.now)
        self._be_there()

    def _act(self, kind: str, days: int) -> None:
        now, model = self.world.now, self.model
        if kind == "pause" and model.running:
            done(self.world.act(self.number, "submit", "k"))
            model.pause(self.day)
        elif kind == "resume" and not model.running:
            same = days % 3 == 0 and model.budget is None and model.due_on >= self.day
            due_on = model.due_on if same else self.day + timedelta(days=days)
            done(self.world.act(self.number, "fail", "k", due_on=due_on))
            model.resume(now, self.day, due_on)
        elif kind == "extend" and model.budget is None:
            self._extend(max(model.due_on, self.day) + timedelta(days=days))
        self.world.advance_to(now)
        model.tick(now)

    def _extend(self, due_on: date) -> None:
        ordinal = len(self.world.cases[self.number].requests) + 1
        done(self.world.ask(self.number, "extension", "k", new_due_on=due_on))
        done(self.world.rule(self.number, ordinal, "a"))
        self.model.version += 1
        self.model.begin(self.world.now, due_on)

    def _compare(self) -> None:
        run = self.world.cases[self.number].clocks["work"]
        assert (run.due_on, run.version) == (self.model.due_on, self.model.version)
        assert run.status == ("running" if self.model.running else "paused")
        assert (run.armed is not None) == self.model.running, "a running clock always has something armed"
        assert run.next_at is None or run.next_at >= self.world.now

    # what came --------------------------------------------------------------------------------------------------------

    def rungs(self) -> list[Rung]:
        """Return what the engine crossed, in order."""
        return [
            Rung(c.key.version, c.key.step, c.key.occurrence, c.nominal_at.astimezone(ZONE).date(), d.at)
            for d in self.world.log
            for c in d.decision.crossed
        ]

    def told(self) -> list[tuple[datetime, list[tuple[str, str]]]]:
        """Return for each catch-up who was told by which step."""
        told = ((d.at, d.decision.messages) for d in self.world.log if d.decision.crossed)
        return [(at, sorted((m.recipient, m.template) for m in said if m.channel is None)) for at, said in told]


def audience(model: Model, rung: Rung) -> list[str]:
    """Return the people a step addresses, with a name for each role of theirs it addresses."""
    return [p for step in model.steps if step.id == rung.step for role in step.roles for p in ROLES[role]]


def expected_messages(model: Model) -> list[tuple[datetime, list[tuple[str, str]]]]:
    """Return for each catch-up of the model who hears of which step: of several the last, and each that catches up all."""
    last: dict[datetime, dict[str, str]] = {}
    each: dict[datetime, list[tuple[str, str]]] = {}
    for rung in model.crossed:
        words = "reminder" if rung in model.late else rung.step  # nobody is told that a date draws near after it passed
        people = dict.fromkeys(audience(model, rung) if rung not in model.overtaken else (), words)
        latest, beside = last.setdefault(rung.crossed_at, {}), each.setdefault(rung.crossed_at, [])
        if any(step.id == rung.step and step.catch_up == "all" for step in model.steps):
            beside += people.items()
        else:
            latest |= people
    return [(at, sorted([*told.items(), *each[at]])) for at, told in last.items()]


def check(drive: Drive) -> None:
    """Hold everything that came against the model."""
    came, wanted = drive.rungs(), drive.model.crossed
    assert came == wanted
    assert len({r[:3] for r in came}) == len(came), "a step of a version is crossed once"
    assert all(datetime.combine(r.day, datetime.min.time().replace(hour=9), ZONE) <= r.crossed_at for r in came)
    told = drive.told()
    assert told == expected_messages(drive.model)
    for moment, said in told:
        crossed = [rung for rung in wanted if rung.crossed_at == moment and rung not in drive.model.overtaken]
        assert {p for p, _ in said} == {p for rung in crossed for p in audience(drive.model, rung)}, (
            "nobody is left out"
        )
    event(f"{min(len(came) // 10, 5) * 10}+ rungs")


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=ladders(), made=calendars(), due=st.integers(0, 40), happenings=moves)
def test_fixed_dates(
    steps: tuple[Step, ...], made: tuple[WorkCalendar, Callable[[date], bool]], due: int, happenings: list[Move]
) -> None:
    """A date with a ladder: pauses, new dates and downtimes in any order come out as the model counts them."""
    drive = Drive(steps, *made, START + timedelta(days=due), None)
    for move in happenings:
        drive.play(move)
    check(drive)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    steps=ladders(),
    made=calendars(),
    budget=st.builds(Span, st.integers(1, 30), st.sampled_from(["workdays", "days"])),
    happenings=moves,
)
def test_lengths_of_time(
    steps: tuple[Step, ...], made: tuple[WorkCalendar, Callable[[date], bool]], budget: Span, happenings: list[Move]
) -> None:
    """A length of time: what is used stays used, a pause moves the end by as much as it lasts."""
    drive = Drive(steps, *made, START + timedelta(days=900), budget)
    for move in happenings:
        drive.play(move)
    check(drive)


@settings(max_examples=60, deadline=None)
@given(made=calendars(), start=st.dates(START, date(2025, 3, 1)), count=st.integers(-60, 60))
def test_working_days_are_counted_one_by_one(
    made: tuple[WorkCalendar, Callable[[date], bool]], start: date, count: int
) -> None:
    """The calendar's shortcuts agree with walking, also at and beyond its edges."""
    calendar, works = made
    model = Model(works, (), None, start)
    end = model.shift(start, count, "workdays")
    assert calendar.add(start, count) == end
    assert calendar.between(start, end) == (
        model.count(start, end, "workdays") if end >= start else -model.count(end, start, "workdays")
    )
    assert calendar.is_workday(start) == works(start)

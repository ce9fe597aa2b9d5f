"""The term, day by day: the clock is set, what is due fires, people act, messages go out, months are closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import cached_property
from pathlib import Path

from rectiflow._clock import SetClock
from rectiflow._flow import Rectiflow
from rectiflow._workplace import Workplace
from rectiflow.engine.moments import at_hour
from rectiflow.storage.queries import TicketFilter

from .cast import Cast, dice
from .findings import FINDINGS, Finding
from .habits import live
from .stories import STORIES, Story
from .visits import visit_stories

__all__ = ["Term"]


class Term:
    """One district living through one term."""

    def __init__(self, place: Workplace, clock: SetClock) -> None:
        self.place = place
        self.clock = clock
        self.flow: Rectiflow = place.flow
        self.cast = Cast(self.flow, clock)
        self.steps = 0
        self.caught_up = 0
        self.reports: list[Path] = []
        self._last: date | None = None
        self._stories: list[Story] = []
        self.visits = visit_stories()

    @cached_property
    def keeper(self) -> str:
        """The head of the Safety Section, who keeps the ledger."""
        return self.cast.post("safety_section")

    def open_books(self, tell: Callable[[str], None]) -> None:
        """Bring in the organisation and the ledger the office kept so far, both from workbooks."""
        from rectiflow._ledger import import_ledger
        from rectiflow._organisation import import_organisation
        from rectiflow.workflows.sample.loader import write_opening_ledger, write_organisation_workbook

        people, ledger = self.place.folder / "单位人员表.xlsx", self.place.folder / "期初台账.xlsx"
        write_organisation_workbook(people)
        write_opening_ledger(ledger)
        brought = import_organisation(self.flow, people)
        tell(f"导入单位 {len(brought.units)} 个、岗位 {len(brought.posts)} 个、人员 {len(brought.persons)} 人")
        self._send_deputies()
        done = import_ledger(self.flow, ledger, by=self.keeper)
        tell(f"期初建账：导入台账 {done.created} 条，不能导入 {len(done.problems)} 处")
        self._stories = [make() for make in STORIES]

    def day(self, day: date) -> None:
        """Live through one day; on days off only the machine works."""
        self.clock.set(at_hour(day, 9))
        self._fire(day)
        self.place.deliver()
        if self.flow.calendar.is_workday(day):
            self.cast.at(day, 9)
            self._inspect(day)
            for story in self._stories:
                story.day(self.cast, day)
            for visit in self.visits:
                visit.day(self.cast, day)
            self._work()
            self.cast.at(day, 15)
            self._work()
        self.clock.set(at_hour(day, 18))
        self.place.deliver()
        self._close_months()
        self._last = day

    def stories(self) -> Iterator[str]:
        """Tell what became of the tickets to look at."""
        for story in self._stories:
            yield story.tell(self.cast)

    def _fire(self, day: date) -> None:
        swept = self.flow.tick()
        self.steps += swept.steps
        if self._last is not None and (day - self._last).days > 1:
            self.caught_up += swept.steps

    def _work(self) -> None:
        """Let everybody do half a day's work on what is open; the stories go their own way."""
        told = {story.number for story in self._stories} | {n for visit in self.visits for n in visit.numbers}
        for ticket in self.flow.tickets(TicketFilter(open=True)):
            if ticket.number not in told:
                live(self.cast, ticket)

    def _inspect(self, day: date) -> None:
        """Report what the week's inspection found, on its Tuesday to Thursday."""
        from rectiflow._demo.show import FIRST_DAY

        week, weekday = divmod((day - FIRST_DAY).days, 7)
        for index, finding in enumerate(FINDINGS):
            if finding.week == week and weekday == 1 + index % 3:
                self._report(finding, index, day)

    def _report(self, finding: Finding, index: int, day: date) -> None:
        directory = self.flow.directory()
        schools = [u for u in directory.units.values() if u.kind in ("school", "kindergarten")]
        school = schools[dice("school", index) % len(schools)]
        town = directory.nearest(school.id, "town")
        by_town = finding.source == "town" and town is not None
        by = self.cast.post("verifier", town.id if by_town and town else None)
        if finding.source == "self":
            by = self.cast.post("principal", school.id)
        self.flow.report(
            "hazard",
            by=by,
            source=finding.source,
            found_on=day.isoformat(),
            category=finding.category,
            place=finding.place,
            description=finding.description,
            unit=school.id,
        )

    def _send_deputies(self) -> None:
        """Enter the two absences of the sample: somebody stands in."""
        from rectiflow.engine.directory import Substitution
        from rectiflow.storage.organisation import write_organisation
        from rectiflow.workflows.sample.loader import load_district

        find = self.flow.directory().find_person
        found = [
            Substitution(person=find(s.absent).id, deputy=find(s.deputy).id, since=s.first, until=s.last)
            for s in load_district().substitutes
        ]
        write_organisation(self.flow.store.engine, self.flow.district, substitutions=found)
        self.flow.refresh()

    def _close_months(self) -> None:
        from rectiflow._monthly import close_months

        made = close_months(self.flow, self.place.path(self.place.settings.report.folder))
        self.reports += [path for report in made for path in report.paths]

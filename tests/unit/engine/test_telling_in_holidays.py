"""In the school holidays who is on duty hears of things too; deadlines stay as they are."""

from __future__ import annotations

from datetime import date

from rectiflow.engine.calendar import WorkCalendar
from rectiflow.engine.directory import Directory, Holding, Person, Post
from rectiflow.engine.simulate import World
from rectiflow.workflows.calendars.cn import china_workdays
from support.district import HEAD, RECTIFIER, SAFETY, SCHOOL, at, clock, directory, done, hazard, workflows

DUTY = "on-duty"


def holidays(*terms: tuple[date, date]) -> World:
    """Return the sample district with somebody on duty at the school, and these terms."""
    known = directory()
    more = Directory(
        district=known.district,
        revision=known.revision,
        units=known.units.values(),
        posts=[
            *known.posts.values(),
            Post(id="duty", unit=SCHOOL, title="值班领导", roles=frozenset({"duty_leader"})),
        ],
        persons=[*known.persons.values(), Person(id=DUTY, name="值班领导")],
        holdings=[*known.holdings, Holding(post="duty", person=DUTY)],
        substitutions=(),
    )
    days = china_workdays(2023, 2026).values()
    return World(workflows(), more, WorkCalendar("cn-workdays", days, terms=terms), at("2024-09-02"))


def told(place: World) -> set[str]:
    """Return who hears of an assignment."""
    number = hazard(place)
    answer = done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-09-20"))
    assert clock(place, number, "rectify").due_on == date(2024, 9, 20)
    return {m.recipient for m in answer.messages}


def test_on_duty_in_the_holidays() -> None:
    """Between two terms beside the school's own people; in a term, and where no terms are known, not."""
    spring, autumn = (date(2024, 2, 26), date(2024, 7, 5)), (date(2024, 9, 9), date(2025, 1, 17))
    assert told(holidays(spring, autumn)) == {HEAD, RECTIFIER, DUTY}
    assert told(holidays(spring, (date(2024, 9, 2), date(2025, 1, 17)))) == {HEAD, RECTIFIER}
    assert told(holidays()) == {HEAD, RECTIFIER}
    assert told(holidays((date(2025, 2, 17), date(2025, 7, 4)))) == {HEAD, RECTIFIER}  # this year's are not known

"""The sample district in memory: its organisation, calendar and workflows, and worlds to try decisions in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from functools import cache
from hashlib import sha256
from typing import Any

from rectiflow._library import calendar_for, load_library
from rectiflow.engine.calendar import WorkCalendar
from rectiflow.engine.decision import Decision, Refusal
from rectiflow.engine.directory import Directory
from rectiflow.engine.load import load_catalogue, load_workflow
from rectiflow.engine.moments import ZONE
from rectiflow.engine.simulate import Case, World
from rectiflow.engine.stimulus import Attachment, Hand
from rectiflow.engine.ticket import ClockRun
from rectiflow.engine.workflow import Workflow
from rectiflow.workflows.sample.directory import sample_directory

CLERK, SAFETY, DEPUTY = "safety-officer", "safety-head", "safety-deputy"
LEADER, DISTRICT, ACCEPTING = "bureau-deputy", "committee-leader", "committee-inspector"
SCHOOL, HEAD, RECTIFIER = "town1_school2", "town1-school2-head", "town1-school2-safety"
PHOTO = Attachment(sha256=sha256(b"photo").hexdigest(), name="整改后.jpg", size=5, media_type="image/jpeg")


def at(day: str, hour: str = "09:00") -> datetime:
    """Return a local moment such as at("2024-09-02")."""
    return datetime.combine(date.fromisoformat(day), time.fromisoformat(hour), ZONE)


@cache
def workflows() -> Mapping[str, Workflow]:
    """Return the built-in workflows."""
    return load_library().latest


@cache
def directory() -> Directory:
    """Return the sample district's organisation."""
    return sample_directory()


@cache
def calendar() -> WorkCalendar:
    """Return the working days of China."""
    return calendar_for("cn-workdays")


def world(day: str = "2024-09-02", hour: str = "09:00", **more: Workflow) -> World:
    """Return the sample district at a moment; `more` are workflows beside the built-in ones, by id."""
    return World({**workflows(), **more}, directory(), calendar(), at(day, hour))


def edited(name: str, *edits: tuple[str, str]) -> Workflow:
    """Load a built-in definition with pieces of its text replaced; each must occur."""
    text = workflows()[name].text
    for old, new in edits:
        assert old in text, f"{old!r} is not in {name}"
        text = text.replace(old, new)
    catalogue = load_catalogue(load_library().catalogues["category"], source="category")
    return load_workflow(text, source=f"{name}.yaml", catalogues={"category": catalogue})


def done(answer: Decision | Refusal) -> Decision:
    """Return the decision; a refusal fails the test with its reasons."""
    assert isinstance(answer, Decision), answer
    return answer


def refused(answer: Decision | Refusal) -> Refusal:
    """Return the refusal; a decision fails the test."""
    assert isinstance(answer, Refusal), answer
    return answer


def codes(answer: Decision | Refusal) -> set[str]:
    """Return the codes of a refusal's reasons; a decision fails the test."""
    return {r.code for r in refused(answer).reasons}


def hazard(place: World, /, by: str = CLERK, workflow: str = "hazard", **data: Any) -> str:
    """Report a hazard of the sample school, a general one unless told otherwise, and return its number."""
    given: dict[str, Any] = {
        "source": "bureau",
        "found_on": place.now.astimezone(ZONE).date(),
        "category": "fire_passage",
        "description": "二楼疏散通道堆放课桌椅",
        "responsible_unit": SCHOOL,
    }
    return done(place.report(workflow, by, **{**given, **data})).ticket.number


def rectifying(place: World, /, due_on: str = "2024-09-20", **data: Any) -> str:
    """Report, assign and sign for a general hazard at once and return its number."""
    number = hazard(place, **data)
    done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on=due_on))
    done(place.act(number, "sign", HEAD))
    return number


def submit(place: World, number: str, /, by: str | Hand = RECTIFIER, **data: Any) -> Decision | Refusal:
    """Apply for re-inspection."""
    given: dict[str, Any] = {"measures": "已清走", "completed_on": place.now.astimezone(ZONE).date()}
    return place.act(number, "submit", by, evidence=(PHOTO,), **{**given, **data})


def clock(place: World, number: str, name: str) -> ClockRun:
    """Return the latest run of a clock."""
    return place.cases[number].clocks[name]


def told(case: Case, template: str) -> set[str]:
    """Return who got a message of a template."""
    return {m.recipient for m in case.messages.values() if m.template == template}


def acting(person: str, day: str | None = None, **more: str) -> Hand:
    """Act as a person, on a stated day or today."""
    return Hand(actor=person, on=date.fromisoformat(day) if day else None, **more)

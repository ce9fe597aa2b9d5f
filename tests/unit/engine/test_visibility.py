"""Who may see a restricted hazard, and how much of a telephone number."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from msgspec.structs import replace

from rectiflow._library import load_library
from rectiflow.engine.directory import Directory, District, Holding, Person, Post, Substitution, Unit
from rectiflow.engine.ticket import Request, Taken, Ticket
from rectiflow.engine.visibility import SEE_RESTRICTED, involved, masked_phone, may_see
from rectiflow.engine.workflow import Workflow

DAY = date(2024, 9, 10)
TICKET = Ticket(
    district="990000",
    number="TEST-2024-000001",
    workflow="hazard",
    version=1,
    state="rectifying",
    fields={"responsible_unit": "school", "responsible_person": "officer", "category": "dispute"},
    taken={"report": (Taken("inspector", "", "clerk"),), "sign": (Taken("head", "absent_head", "head"),)},
    since=date(2024, 9, 2),
    opened_at=datetime(2024, 9, 2, 1, tzinfo=UTC),
    restricted=True,
)
POSTS = {
    "head": ("school", "principal"),
    "other_head": ("other_school", "principal"),
    "verifier": ("section", "verifier"),
    "leader": ("bureau", "bureau_leader"),
    "granted": ("section", "safety_section"),
    "ungranted": ("section", "safety_section"),
    "lead": ("safety", "lead_section"),
}


@pytest.fixture(scope="module")
def workflow() -> Workflow:
    """The built-in workflow of general hazards."""
    return load_library().latest["hazard"]


@pytest.fixture
def directory() -> Directory:
    """A school with head and officer, a deputy for the head, and a bureau with and without the grant."""
    people = (*POSTS, "officer", "inspector", "clerk", "absent_head", "deputy", "stranger")
    return Directory(
        district=District(code="990000", prefix="TEST", name="测试区教育局"),
        revision=1,
        units=[Unit(id=u, name=u, kind="school") for u in ("school", "other_school", "section", "bureau")]
        + [Unit(id="safety", name="安全股", kind="section")],
        posts=[Post(id=p, unit=unit, title=p, roles=frozenset({role})) for p, (unit, role) in POSTS.items()],
        persons=[
            Person(id=p, name=p, grants=frozenset({SEE_RESTRICTED}) if p == "granted" else frozenset()) for p in people
        ],
        holdings=[Holding(post=p, person=p) for p in POSTS],
        substitutions=[Substitution(person="head", deputy="deputy", since=DAY, until=DAY)],
    )


@pytest.mark.parametrize("person", ["granted", "head", "officer", "inspector", "clerk", "absent_head", "deputy"])
def test_the_grant_and_the_involved_may_see(workflow: Workflow, directory: Directory, person: str) -> None:
    """The grant, the school's head and officer, whoever acted, entered or was stood in for, and today's deputy."""
    assert may_see(workflow, TICKET, directory, person, DAY)


@pytest.mark.parametrize("person", ["ungranted", "other_head", "verifier", "leader", "stranger", "nobody at all"])
def test_everybody_else_may_not(workflow: Workflow, directory: Directory, person: str) -> None:
    """A role of the district without the grant is not enough, and an unknown person sees nothing."""
    assert not may_see(workflow, TICKET, directory, person, DAY)


def test_an_ordinary_hazard_is_open_to_all(workflow: Workflow, directory: Directory) -> None:
    """What is not restricted everybody may see."""
    assert may_see(workflow, replace(TICKET, restricted=False), directory, "stranger", DAY)


def test_whose_turn_it_is_may_see(workflow: Workflow, directory: Directory) -> None:
    """Whoever has to take the next step may see, from the moment it is his."""
    waiting = replace(TICKET, state="reported")
    assert may_see(workflow, waiting, directory, "lead", DAY)
    assert not may_see(workflow, TICKET, directory, "lead", DAY)


def test_who_decides_a_pending_request_may_see(workflow: Workflow, directory: Directory) -> None:
    """The leader who has to decide may see while the request waits."""
    asked = Request(ordinal=1, kind="funding", status="pending", asked_on=DAY)
    assert may_see(workflow, TICKET, directory, "leader", DAY, [asked])
    assert not may_see(workflow, TICKET, directory, "leader", DAY, [replace(asked, status="approved")])


def test_a_deputy_sees_on_the_days_of_absence_only(workflow: Workflow, directory: Directory) -> None:
    """The day after the absence the deputy is a stranger again."""
    assert not may_see(workflow, TICKET, directory, "deputy", date(2024, 9, 11))


def test_involved_names_nobody_twice_and_nobody_empty(workflow: Workflow, directory: Directory) -> None:
    """The involved are persons: no empty name for “nobody stood in for”."""
    assert involved(workflow, TICKET, directory, DAY) == {"head", "officer", "inspector", "clerk", "absent_head"}


@pytest.mark.parametrize(
    ("phone", "shown"),
    [("13800000004", "138****0004"), ("0711-2410011", "071****0011"), ("110", "****10"), ("", ""), (None, None)],
)
def test_masked_phone(phone: str | None, shown: str | None) -> None:
    """A number keeps its first three and last four digits; a short one its last two."""
    assert masked_phone(phone) == shown

"""Who holds a role for a ticket, and in whose place somebody acts."""

from __future__ import annotations

from datetime import date

import pytest

from rectiflow.engine.directory import Directory, District, Holding, Person, Post, Substitution, Unit
from rectiflow.engine.errors import Ambiguous, NotFound
from rectiflow.engine.roles import ISSUER, LISTER, Standing, holders, people, standing
from rectiflow.engine.vocabulary import ACCEPTOR
from support.district import CLERK, DEPUTY, HEAD, RECTIFIER, SAFETY, SCHOOL, directory, edited, workflows

DAY = date(2024, 9, 2)
HAZARD = workflows()["hazard"]


def held(role: str, **fields: str | None) -> set[str]:
    """Return the holders of a role of the general hazard, with these fields on record."""
    return set(holders(HAZARD, role, fields, directory(), DAY))


def test_a_role_without_a_place_is_held_in_the_district() -> None:
    """The leader in charge is found whatever the ticket says."""
    assert held("bureau_leader") == {"bureau-deputy"}
    assert held("safety_section") == {SAFETY, DEPUTY, CLERK}


def test_a_role_of_a_unit_is_held_there() -> None:
    """Another school's head is nobody here; without a unit there is no holder."""
    assert held("principal", responsible_unit=SCHOOL) == {HEAD}
    assert held("principal") == set()
    assert held("principal", responsible_unit="no-such-unit") == set()


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("town1_school2", {"town1-deputy", "town1-safety"}),
        ("town1", {"town1-deputy", "town1-safety"}),
        ("park_school1", {"park-deputy", "park-safety"}),
        ("high_school", set[str]()),
    ],
)
def test_up_is_the_nearest_unit_of_a_kind(unit: str, expected: set[str]) -> None:
    """From the school up to its town, from the town itself no further, from a school of the bureau nowhere."""
    assert held("town_supervisor", responsible_unit=unit) == expected


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("hazmat", {"av-education-head"}),
        ("hazmat_lock", {"av-education-head"}),
        ("food", {"logistics-head"}),
        ("building_site", {"planning-head"}),
        ("fire_exit", {SAFETY}),
        (None, {SAFETY, DEPUTY, CLERK}),
    ],
)
def test_a_catalogue_leads_to_the_section_in_charge(category: str | None, expected: set[str]) -> None:
    """The section stands in the catalogue, entries inherit it; where there is none the role named by else is taken."""
    assert held("lead_section", category=category) == expected


def test_is_names_the_person_and_else_who_steps_in() -> None:
    """The person in the field, and the unit's head while nobody is named or the person is unknown."""
    assert held("rectifier", responsible_unit=SCHOOL, responsible_person=RECTIFIER) == {RECTIFIER}
    assert held("rectifier", responsible_unit=SCHOOL) == {HEAD}
    assert held("rectifier", responsible_unit=SCHOOL, responsible_person="gone") == {HEAD}


def test_whoever_inspected_re_inspects() -> None:
    """The inspecting unit first, then the unit above the school, then the safety section."""
    assert held("verifier", inspecting_unit="logistics", responsible_unit=SCHOOL) == {
        "logistics-head",
        "logistics-officer",
    }
    assert held("verifier", inspecting_unit="housing", responsible_unit=SCHOOL) == {"town1-deputy", "town1-safety"}
    assert held("verifier", responsible_unit="high_school") == {SAFETY, DEPUTY, CLERK}


def test_not_of_bars_the_responsible_unit() -> None:
    """A town that is responsible itself does not verify itself, although it inspected."""
    assert held("verifier", inspecting_unit="town1", responsible_unit="town1") == {SAFETY, DEPUTY, CLERK}
    assert held("verifier", inspecting_unit="activity_centre", responsible_unit="activity_centre") == {
        SAFETY,
        DEPUTY,
        CLERK,
    }


def test_the_issuer_is_of_the_issuing_unit() -> None:
    """Those of the unit that assigned who may assign; handing on to another does not make an issuer."""
    fields = {"category": "fire", "responsible_unit": SCHOOL}
    assert held(ISSUER, issuing_unit="safety", **fields) == {SAFETY}
    assert held(ISSUER, issuing_unit="town1", **fields) == {"town1-deputy", "town1-safety"}
    assert held(ISSUER, issuing_unit="housing", **fields) == {SAFETY, DEPUTY, CLERK}


def test_the_acceptor_is_of_the_level_and_never_of_the_responsible_unit() -> None:
    """Where the level names only people of the unit itself, who decided the listing accepts."""
    assert held(ACCEPTOR, responsible_unit=SCHOOL, listed_level="village") == {"town1-deputy", "town1-safety"}
    assert held(ACCEPTOR, responsible_unit="town1", listed_level="village") == {"town1-leader"}
    assert held(ACCEPTOR, responsible_unit=SCHOOL, listed_level="town") == {"town1-leader"}
    assert held(ACCEPTOR, responsible_unit=SCHOOL, listed_level="district") == {"committee-inspector"}
    assert held(ACCEPTOR, responsible_unit=SCHOOL) == set()


def test_a_partner_department_is_supervised_by_the_town_of_the_school() -> None:
    """The market office has no town above it: the town of the school concerned listens, and lists."""
    assert held("town_leader", responsible_unit="market", hazard_unit=SCHOOL) == {"town1-leader"}
    assert held("town_supervisor", responsible_unit="market") == set()


def test_the_lister_decides_at_the_level_that_listed() -> None:
    """The town's leader for a listing of the town, the district's for one of the district, nobody without."""
    assert held(LISTER, responsible_unit=SCHOOL, listed_level="town") == {"town1-leader"}
    assert held(LISTER, responsible_unit=SCHOOL, listed_level="district") == {"committee-leader"}
    assert held(LISTER, responsible_unit=SCHOOL) == set()


def test_people_of_several_roles_come_once() -> None:
    """A person who holds two of the roles is told once."""
    found = people(HAZARD, ("lead_section", "safety_section"), {"category": "fire"}, directory(), DAY)
    assert sorted(found) == sorted({SAFETY, DEPUTY, CLERK})


def test_a_role_no_definition_knows_is_held_by_nobody() -> None:
    """An unknown role is no error while deciding; the loader has refused it before."""
    assert held("emperor") == set()


# in whose place -----------------------------------------------------------------------------------------------------


def small(*substitutions: Substitution) -> Directory:
    """Return a school whose head changed in the middle of the month."""
    return Directory(
        district=District(code="1", prefix="X", name="区"),
        revision=1,
        units=[
            Unit(id="s", name="一小", kind="school", aliases=("第一小学",)),
            Unit(id="t", name="一中", kind="school"),
        ],
        posts=[Post(id="p", unit="s", title="校长", roles=frozenset({"principal"}))],
        persons=[Person(id=i, name=f"人{i}") for i in "abc"],
        holdings=[
            Holding(post="p", person="a", until=date(2024, 9, 15)),
            Holding(post="p", person="b", since=date(2024, 9, 16)),
        ],
        substitutions=substitutions,
    )


def stands(person: str, day: date, *substitutions: Substitution) -> Standing | None:
    """Return in which role a person of the small directory may act."""
    return standing(HAZARD, ("principal",), {"responsible_unit": "s"}, small(*substitutions), person, day)


def test_tasks_follow_the_post_when_the_person_changes() -> None:
    """The old head until the 15th, the new one from the 16th."""
    assert stands("a", date(2024, 9, 15)) == Standing("principal", "")
    assert stands("a", date(2024, 9, 16)) is None
    assert stands("b", date(2024, 9, 15)) is None
    assert stands("b", date(2024, 9, 16)) == Standing("principal", "")


def test_a_substitute_acts_in_the_place_of_the_absent_within_the_days() -> None:
    """Both days included; not for somebody who does not hold the role any more."""
    away = Substitution(person="a", deputy="c", since=date(2024, 9, 10), until=date(2024, 9, 20))
    assert stands("c", date(2024, 9, 9), away) is None
    assert stands("c", date(2024, 9, 10), away) == Standing("principal", "a")
    assert stands("c", date(2024, 9, 15), away) == Standing("principal", "a")
    assert stands("c", date(2024, 9, 16), away) is None
    assert stands("c", date(2024, 9, 21), away) is None


def test_one_acts_in_ones_own_role_before_anothers() -> None:
    """Who may act for himself does not act in another's place."""
    away = Substitution(person="town1-school2-head", deputy=RECTIFIER, since=DAY, until=DAY)
    sample = directory()
    place = Directory(
        district=sample.district,
        revision=2,
        units=sample.units.values(),
        posts=sample.posts.values(),
        persons=sample.persons.values(),
        holdings=[Holding(post="town1_school2.head", person=HEAD)],
        substitutions=[away],
    )
    fields = {"responsible_unit": SCHOOL, "responsible_person": RECTIFIER}
    assert standing(HAZARD, ("principal", "rectifier"), fields, place, RECTIFIER, DAY) == Standing("rectifier", "")
    assert standing(HAZARD, ("principal",), fields, place, RECTIFIER, DAY) == Standing("principal", HEAD)


def test_roles_that_would_run_in_a_circle_are_refused_by_the_loader() -> None:
    """And deciding stops where a role comes round to itself."""
    from rectiflow.engine.errors import WorkflowInvalid

    with pytest.raises(WorkflowInvalid, match="R401"):
        edited("hazard", ("safety_section:  {title: 安全股}", "safety_section:  {title: 安全股, else: lead_section}"))


def test_units_and_persons_are_found_as_people_write_them() -> None:
    """By id, name, alias or a beginning that fits one only."""
    place = small()
    assert place.find_unit("第一小学").id == place.find_unit(" 一小 ").id == place.find_unit("s").id == "s"
    assert place.find_person("人a").id == "a"
    with pytest.raises(Ambiguous, match="不止一个"):
        place.find_unit("一")
    with pytest.raises(NotFound, match="没有单位"):
        place.find_unit("三中")


def test_a_member_is_found_by_the_post_held_that_day() -> None:
    """The head before and after the change; elsewhere, or without a unit, the word is a name."""
    place = small()
    assert [place.find_member("校长", "s", date(2024, 9, day)).id for day in (10, 20)] == ["a", "b"]
    assert place.find_member("人c", "s", date(2024, 9, 10)).id == "c"
    for unit in ("t", None):
        with pytest.raises(NotFound):
            place.find_member("校长", unit, date(2024, 9, 10))

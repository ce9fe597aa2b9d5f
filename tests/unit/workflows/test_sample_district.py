"""The sample district: complete enough to work in, and nobody real in it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from rectiflow.intake.organisation import read_organisation
from rectiflow.workflows.sample.loader import ROLE_TITLES, SampleDistrict, load_district, write_organisation_workbook

ROLES = {
    "safety_section", "lead_section", "verifier", "principal", "safety_officer",
    "town_supervisor", "town_leader", "bureau_leader", "district_leader", "district_inspector", "signatory",
}  # fmt: skip


@pytest.fixture(scope="module")
def district() -> SampleDistrict:
    """The sample district."""
    return load_district()


def _holders(district: SampleDistrict, role: str, unit: str | None = None) -> list[str]:
    return [p.id for p in district.posts if role in p.roles and unit in (None, p.unit)]


def test_its_size_and_number(district: SampleDistrict) -> None:
    """It has its division code and prefix, some forty units and ninety persons, one on each post."""
    assert (district.code, district.prefix) == ("420702", "LZH")
    assert 30 <= len(district.units) <= 50
    assert 80 <= len(district.persons) <= 100
    assert [p.post for p in district.persons] == [p.id for p in district.posts]


def test_the_tree_stands(district: SampleDistrict) -> None:
    """Every unit but the committee hangs below another that comes before it, and kinds are known."""
    seen: set[str] = set()
    for unit in district.units:
        assert unit.parent in seen or (unit.kind == "committee" and unit.parent is None)
        seen.add(unit.id)
    assert {u.kind for u in district.units} == {
        "committee", "bureau", "section", "affiliate", "town", "school", "kindergarten", "village", "partner",
    }  # fmt: skip


def test_ids_names_and_accounts_stand_once(district: SampleDistrict) -> None:
    """No name, alias, account, address or telephone number is shared."""
    units = [name for u in district.units for name in {u.id, u.name, *u.aliases}]
    for words in (
        units,
        [p.id for p in district.posts],
        [p.name for p in district.persons],
        [p.account for p in district.persons],
        [p.email for p in district.persons],
        [p.phone for p in district.persons],
    ):
        assert [word for word, times in Counter(words).items() if times > 1] == []


def test_the_park_office_is_known_by_the_names_of_the_plan(district: SampleDistrict) -> None:
    """The plan writes the park education office in three ways, and the town central schools in two."""
    names = {name: u.id for u in district.units for name in (u.name, *u.aliases)}
    assert {names[n] for n in ("梧桐湖园区教办", "梧桐湖教办", "梧桐教办")} == {"park"}
    assert names["示例二镇中心小学"] == names["示例二镇中心学校"] == "town2"


def test_every_place_in_the_flow_is_filled(district: SampleDistrict) -> None:
    """Each role is held, each responsible unit has a head and somebody who rectifies, each town its supervisors."""
    assert {r for p in district.posts for r in p.roles} == ROLES
    assert len(_holders(district, "verifier", "safety")) >= 2
    for unit in district.units:
        if unit.kind in {"school", "kindergarten", "village", "affiliate"}:
            assert len(_holders(district, "principal", unit.id)) == 1
            assert _holders(district, "safety_officer", unit.id)
        if unit.kind == "town":
            for role in ("principal", "town_supervisor", "town_leader", "verifier"):
                assert _holders(district, role, unit.id)
        if unit.kind == "section":
            assert _holders(district, "lead_section", unit.id)


def test_nobody_verifies_from_the_unit_that_rectifies(district: SampleDistrict) -> None:
    """No school, kindergarten or village holds a verifier of its own."""
    kinds = {u.id: u.kind for u in district.units}
    assert {kinds[p.unit] for p in district.posts if "verifier" in p.roles} <= {"section", "town", "affiliate"}


def test_people_are_posts_with_fictional_contacts(district: SampleDistrict) -> None:
    """A person's name ends in the post's title or names the same office; contacts lead nowhere."""
    posts = {p.id: p for p in district.posts}
    for person in district.persons:
        assert person.name.endswith((posts[person.post].title, "分管负责人"))
        assert re.fullmatch(r"13800000\d{3}", person.phone)
        assert person.email == f"{person.account}@example.com"
        assert re.fullmatch(r"[a-z0-9-]+", person.account)


def test_substitutes_are_persons_of_one_unit(district: SampleDistrict) -> None:
    """A deputy comes from the same unit, for days in order."""
    units = {p.name: q.unit for p in district.persons for q in district.posts if q.id == p.post}
    assert district.substitutes
    for substitute in district.substitutes:
        assert units[substitute.absent] == units[substitute.deputy]
        assert substitute.first <= substitute.last


def test_the_workbook_reads_back_whole(district: SampleDistrict, tmp_path: Path) -> None:
    """Written as a workbook and read as one from outside, the organisation is the same, without a problem."""
    path = tmp_path / "organisation.xlsx"
    write_organisation_workbook(path)
    read = read_organisation(path)
    names = {u.id: u.name for u in district.units}
    posts = {p.id: p for p in district.posts}
    assert [str(p) for p in read.problems] == []
    assert [(u.code, u.name, u.aliases, u.kind, u.parent, u.active) for u in read.units] == [
        (u.id, u.name, u.aliases, u.kind, names.get(u.parent or ""), True) for u in district.units
    ]
    assert [(p.title, p.unit, p.roles) for p in read.posts] == [
        (p.title, names[p.unit], tuple(ROLE_TITLES[r] for r in p.roles)) for p in district.posts
    ]
    assert [(p.name, p.post, p.unit, p.phone, p.email, p.account, p.since, p.grants) for p in read.persons] == [
        (p.name, posts[p.post].title, names[posts[p.post].unit], p.phone, p.email, p.account, p.since, p.grants)
        for p in district.persons
    ]

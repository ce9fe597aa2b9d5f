"""Posts change hands, people are away, units are closed: what is allowed, and what is then on record."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from rectiflow.engine.absences import Cancelling, away, cancel_absence, current_absences
from rectiflow.engine.directory import Changes, Directory, Holding, Person, Post, Substitution, Unit
from rectiflow.engine.errors import Reason
from rectiflow.engine.handing_over import VACATED
from rectiflow.engine.mergers import Closing, close_unit, follower
from rectiflow.engine.posts import Following, HandingOver, follow, give_up, vacancies
from support.stores import HOLDINGS, HOME, PERSONS, POSTS, SUBSTITUTIONS, UNITS, a_ticket

TODAY = date(2024, 9, 2)
NEW = Person(id="new", name="新校长", phone="13900000001")


def office(**more: Any) -> Directory:
    """Return the small office, with more entries of a kind."""
    parts: dict[str, Any] = {
        "units": UNITS,
        "posts": POSTS,
        "persons": PERSONS,
        "holdings": HOLDINGS,
        "substitutions": SUBSTITUTIONS,
    }
    return Directory(district=HOME, revision=7, **{name: (*own, *more.get(name, ())) for name, own in parts.items()})


def codes(answer: Changes | Cancelling | Closing | HandingOver | tuple[Reason, ...]) -> set[str]:
    """Return the codes of the reasons of a refusal."""
    assert isinstance(answer, tuple), answer
    return {r.code for r in answer}


def handing(directory: Directory, **changes: Any) -> HandingOver | tuple[Reason, ...]:
    """Hand the first school's head over to a new person today, unless told otherwise."""
    wanted: dict[str, Any] = {"old": "head", "new": NEW, "posts": (), "since": TODAY, "today": TODAY, **changes}
    return give_up(directory, **wanted)


def handed(directory: Directory, **changes: Any) -> Directory:
    """Return the organisation after a hand-over that must be possible."""
    answer = handing(directory, **changes)
    assert isinstance(answer, HandingOver), answer
    return directory.after(answer.changes)


# hand-over ----------------------------------------------------------------------------------------------------------


def test_one_ends_the_day_before_the_other_begins() -> None:
    """The history of who sat where is kept, the new person is added, the next revision it is."""
    after = handed(office())
    assert after.holders_of("p-head", date(2024, 9, 1)) == ("head",)
    assert after.holders_of("p-head", TODAY) == ("new",)
    assert after.holders("principal", "school1", TODAY) == ("new",)
    assert (after.person_name("new"), after.revision) == ("新校长", 8)


def test_in_advance() -> None:
    """Until the day the old one is in office."""
    after = handed(office(), since=date(2024, 9, 10))
    assert after.holders_of("p-head", date(2024, 9, 9)) == ("head",)
    assert after.holders_of("p-head", date(2024, 9, 10)) == ("new",)


def test_to_nobody_and_filled_later() -> None:
    """An empty post is filled by a hand-over from who held it last; the gap stays on record."""
    empty = handed(office(), new=None)
    assert [v.post.id for v in vacancies(empty, TODAY)] == ["p-head"]
    assert "示例镇中心学校" in vacancies(empty, TODAY)[0].filler
    filled = handed(empty, since=date(2024, 9, 20), today=date(2024, 9, 20))
    assert filled.holders_of("p-head", date(2024, 9, 10)) == ()
    assert filled.holders_of("p-head", date(2024, 9, 20)) == ("new",)
    assert vacancies(filled, date(2024, 9, 20)) == ()


def test_who_should_fill_a_post() -> None:
    """The unit's head for the others; the unit above where there is no head."""
    ended = replace(HOLDINGS[1], until=date(2024, 9, 1))
    posts = (Post(id="p-guard", unit="school1", title="门卫", roles=frozenset({"rectifying"})),)
    holdings = (Holding(post="p-guard", person="town", until=date(2024, 8, 31)),)
    directory = office(posts=posts, holdings=holdings).after(Changes(holdings=(ended,)))
    found = {v.post.id: v for v in vacancies(directory, TODAY)}
    assert found["p-guard"].filler == "示例镇第一小学校长（第一小学校长）"
    assert found["p-guard"].since == date(2024, 9, 1)
    assert found["p-deputy"].filler == "上级单位区教育局"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"new": PERSONS[2]}, {"same_person", "post_taken"}),
        ({"since": date(2024, 3, 1)}, {"date_past"}),
        ({"since": date(2025, 3, 10)}, {"future"}),
        ({"posts": ("p-town",)}, {"not_on_post"}),
        ({"old": "new-to-it"}, {"not_on_post"}),
        (
            {"new": PERSONS[2], "since": date(2020, 1, 1), "posts": ("p-town",)},
            {"same_person", "date_past", "not_on_post"},
        ),
    ],
)
def test_a_hand_over_that_may_not_be(changes: dict[str, Any], expected: set[str]) -> None:
    """Same person, a day beyond reason, a post not held: all reasons at once."""
    assert codes(handing(office(), **changes)) == expected


def test_several_posts_must_be_named() -> None:
    """And one who stays in the unit hands over on the day itself, because the hazards cannot follow alone."""
    two = office(holdings=(Holding(post="p-officer", person="head"),))
    assert codes(handing(two)) == {"several_posts"}
    assert codes(handing(two, posts=("p-officer",), since=date(2024, 9, 10))) == {"too_early"}
    assert handed(two, posts=("p-officer",)).holders_of("p-officer", TODAY) == ("officer", "new")


def test_not_before_the_old_one_began() -> None:
    """A post cannot be handed over on the day it is taken, or before."""
    fresh = office(persons=(NEW,)).after(
        Changes(
            holdings=(replace(HOLDINGS[2], until=date(2024, 8, 31)), Holding(post="p-head", person="new", since=TODAY))
        )
    )
    assert codes(handing(fresh, old="new", new=PERSONS[3])) == {"date_past"}


# hazards follow -----------------------------------------------------------------------------------------------------


def _ticket(person: str | None, **marks: Any) -> Any:
    fields = {"responsible_unit": "school1"} | ({"responsible_person": person} if person else {})
    return a_ticket(fields=fields, marks=marks)


def test_a_hazard_follows_who_left_the_unit() -> None:
    """Who is there keeps it; who has gone is followed, or nobody until the post is filled."""
    directory, empty, filled = office(), handed(office(), new=None), handed(office())
    assert follow(directory, _ticket("head"), TODAY) is None
    assert follow(filled, _ticket("officer"), TODAY) is None
    assert follow(filled, _ticket("leader"), TODAY) is None  # never of that unit: named on purpose
    post = directory.posts["p-head"]
    assert follow(empty, _ticket("head"), TODAY) == Following(post=post, person=None, since=TODAY)
    assert follow(filled, _ticket("head"), TODAY) == Following(post=post, person="new", since=TODAY)
    assert follow(filled, _ticket(None, **{VACATED: "p-head"}), TODAY) == Following(
        post=post, person="new", since=TODAY
    )
    assert follow(empty, _ticket(None, **{VACATED: "p-head"}), TODAY) is None
    assert follow(filled, _ticket(None), TODAY) is None


# absence ------------------------------------------------------------------------------------------------------------


def _absence(**changes: Any) -> Substitution:
    wanted: dict[str, Any] = {
        "person": "chief",
        "deputy": "deputy",
        "since": date(2024, 9, 5),
        "until": date(2024, 9, 6),
    }
    return Substitution(**{**wanted, **changes})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"until": date(2024, 9, 4)}, {"date_order"}),
        ({"deputy": "chief"}, {"same_person"}),
        ({"since": date(2024, 8, 1), "until": date(2024, 8, 2)}, {"date_past"}),
        ({"since": date(2024, 1, 1)}, {"date_past"}),
        ({"since": date(2025, 9, 1), "until": date(2025, 9, 2)}, {"future"}),
        ({"until": date(2026, 9, 1)}, {"too_long"}),
        ({"deputy": "stranger"}, {"not_on_post"}),
        ({"person": "head", "deputy": "town", "since": date(2024, 10, 7), "until": date(2024, 10, 9)}, {"overlap"}),
        ({"deputy": "head", "since": date(2024, 9, 30), "until": date(2024, 10, 1)}, {"deputy_away"}),
        (
            {"person": "officer", "deputy": "town", "since": date(2024, 10, 3), "until": date(2024, 10, 3)},
            {"is_deputy"},
        ),
        ({"deputy": "chief", "until": date(2024, 8, 1)}, {"same_person", "date_order", "date_past"}),
    ],
)
def test_an_absence_that_may_not_be(changes: dict[str, Any], expected: set[str]) -> None:
    """Ends before it begins, its own deputy, a deputy who is away, two at once: all reasons."""
    assert codes(away(office(), _absence(**changes), TODAY)) == expected


def test_an_absence_and_the_way_back() -> None:
    """One to come is dropped whole; one under way ends yesterday, so that what was done in it stays right."""
    directory = office()
    changes = away(directory, _absence(), TODAY)
    assert isinstance(changes, Changes)
    there = directory.after(changes)
    assert there.deputies("chief", date(2024, 9, 5)) == ("deputy",)
    assert [a.person for a in current_absences(there, TODAY)] == ["chief", "head"]
    dropped = cancel_absence(there, "chief", None, TODAY)
    assert isinstance(dropped, Cancelling)
    assert there.after(dropped.changes).deputies("chief", date(2024, 9, 5)) == ()
    cut = cancel_absence(there, "chief", None, date(2024, 9, 6))
    assert isinstance(cut, Cancelling)
    back = there.after(cut.changes)
    assert (back.deputies("chief", date(2024, 9, 5)), back.deputies("chief", date(2024, 9, 6))) == (("deputy",), ())
    assert codes(cancel_absence(directory, "chief", None, TODAY)) == {"absence_unknown"}
    twice = there.after(Changes(substitutions=(_absence(since=date(2024, 11, 1), until=date(2024, 11, 2)),)))
    assert codes(cancel_absence(twice, "chief", None, TODAY)) == {"several_absences"}
    chosen = cancel_absence(twice, "chief", date(2024, 11, 1), TODAY)
    assert isinstance(chosen, Cancelling)
    assert chosen.absence.since == date(2024, 11, 1)


# closing ------------------------------------------------------------------------------------------------------------


def closing(directory: Directory, **changes: Any) -> Closing | tuple[Reason, ...]:
    """Close the first school into another today, unless told otherwise."""
    wanted: dict[str, Any] = {"unit": "school1", "successor": "school3", "since": TODAY, "today": TODAY, **changes}
    return close_unit(directory, **wanted)


SCHOOL3 = Unit(id="school3", name="示例镇第三小学", kind="school", parent="town1")


def test_a_closed_unit_is_followed() -> None:
    """Its posts end the day before; whoever asks for it is led to who took over, over several steps."""
    directory = office(units=(SCHOOL3,))
    answer = closing(directory)
    assert isinstance(answer, Closing)
    after = directory.after(answer.changes)
    assert answer.leaving == ("head", "officer")
    assert (after.present("school1"), after.present("school2"), after.present("school3")) == ("school3",) * 3
    assert after.holders("principal", "school1", TODAY) == ()
    assert after.holders("principal", "school1", date(2024, 9, 1)) == ("head",)
    assert vacancies(after, TODAY) == ()


def test_what_is_under_it_moves_too() -> None:
    """Schools of a closed town school come under who takes over; a successor among them takes its place."""
    directory = office(units=(SCHOOL3,))
    answer = closing(directory, unit="town1", successor="school1")
    assert isinstance(answer, Closing)
    after = directory.after(answer.changes)
    assert (after.units["school3"].parent, after.units["school1"].parent) == ("school1", "bureau")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"successor": "school1"}, {"same_unit"}),
        ({"successor": "school2"}, {"unit_inactive"}),
        ({"unit": "school2"}, {"unit_inactive"}),
        ({"unit": "town1", "successor": None}, {"children"}),
        ({"since": date(2024, 9, 3)}, {"future"}),
        ({"since": date(2020, 1, 1)}, {"date_past"}),
        (
            {"unit": "school2", "successor": "school2", "since": date(2024, 9, 3)},
            {"unit_inactive", "same_unit", "future"},
        ),
    ],
)
def test_a_closing_that_may_not_be(changes: dict[str, Any], expected: set[str]) -> None:
    """Into itself, into one that is gone, gone already, with others under it: all reasons at once."""
    assert codes(closing(office(units=(SCHOOL3,)), **changes)) == expected


def test_the_same_role_follows_else_the_head() -> None:
    """Who was safety officer is followed by the safety officer, or by the head where there is none."""
    heads = Post(id="p3-head", unit="school3", title="校长", roles=frozenset({"principal"}))
    safety = Post(id="p3-safety", unit="school3", title="安全员", roles=frozenset({"safety_officer"}))
    holding = Holding(post="p3-head", person="leader")
    directory = office(units=(SCHOOL3,), posts=(heads, safety), holdings=(holding,))
    told = {"unit": "school1", "successor": "school3", "day": date(2024, 9, 1)}
    assert follower(directory, person="officer", **told) == "leader"  # type: ignore[arg-type] # one mapping for all
    both = directory.after(Changes(holdings=(Holding(post="p3-safety", person="town"),)))
    assert follower(both, person="officer", **told) == "town"  # type: ignore[arg-type] # the same
    assert follower(both, person=None, **told) is None  # type: ignore[arg-type] # the same

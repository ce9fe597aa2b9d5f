"""Separation of duties, over the whole life of a ticket and on the person who acted."""

from __future__ import annotations

from datetime import date
from typing import Any

from rectiflow.engine.directory import Directory, District, Holding, Person, Post, Substitution, Unit
from rectiflow.engine.simulate import World
from rectiflow.engine.stimulus import Hand
from rectiflow.engine.ticket import Taken
from support.district import (
    ACCEPTING,
    CLERK,
    DEPUTY,
    DISTRICT,
    HEAD,
    LEADER,
    PHOTO,
    RECTIFIER,
    SAFETY,
    at,
    codes,
    done,
    edited,
    hazard,
    rectifying,
    submit,
    world,
)


def test_who_rectified_neither_verifies_nor_closes() -> None:
    """A member of the safety section is named responsible: the roles fit, the person does not."""
    place = world()
    number = hazard(place)
    done(place.act(number, "assign", SAFETY, responsible_person=DEPUTY, due_on="2024-09-20"))
    done(place.act(number, "sign", HEAD))
    done(submit(place, number, DEPUTY))
    assert codes(place.act(number, "pass", DEPUTY)) == {"same_person"}
    done(place.act(number, "pass", CLERK))
    assert codes(place.act(number, "close", DEPUTY)) == {"same_person"}
    assert done(place.act(number, "close", CLERK)).ticket.state == "closed"


def test_the_whole_life_counts() -> None:
    """Who handed in before the hazard came back does not verify it in its second life."""
    place = world()
    number = hazard(place)
    done(place.act(number, "assign", SAFETY, responsible_person=DEPUTY, due_on="2024-09-20"))
    done(place.act(number, "sign", HEAD))
    done(submit(place, number, DEPUTY))
    done(place.act(number, "pass", CLERK))
    done(place.act(number, "close", CLERK))
    place.advance_to(at("2024-10-08"))
    done(place.act(number, "reopen", SAFETY, reason="反弹", due_on="2024-10-18"))
    done(submit(place, number, HEAD))
    assert codes(place.act(number, "pass", DEPUTY)) == {"same_person"}
    assert place.cases[number].ticket.taken["submit"] == (Taken(DEPUTY, "", DEPUTY), Taken(HEAD, "", HEAD))


def test_a_change_of_workflow_forgets_nothing() -> None:
    """Reclassified, the hazard keeps who took what."""
    place = world()
    number = hazard(place)
    done(place.act(number, "assign", SAFETY, responsible_person=DEPUTY, due_on="2024-09-20"))
    done(place.act(number, "sign", DEPUTY))
    done(place.act(number, "reclassify", SAFETY, into="hard_to_rectify", reason="需立项"))
    done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER))
    done(place.act(number, "sign", HEAD))
    given: dict[str, Any] = {
        "warning_sign": "有",
        "monitoring_plan": "每周",
        "monitor_every": 7,
        "risk_measures": "封闭",
    }
    done(place.act(number, "secure", RECTIFIER, **given))
    done(place.act(number, "schedule", SAFETY, plan_year=2025, fund_source="专项", due_on="2025-08-29"))
    done(submit(place, number))
    assert codes(place.act(number, "pass", DEPUTY)) == {"same_person"}


def test_general_hazards_may_be_verified_and_closed_by_one_person() -> None:
    """On the spot, by the inspector alone."""
    place = world()
    number = hazard(place)
    given: dict[str, Any] = {"responsible_unit": "town1_school2", "measures": "当场清走"}
    done(place.act(number, "on_spot", CLERK, evidence=(PHOTO,), **given))
    assert done(place.act(number, "close", CLERK)).ticket.state == "closed"


def test_major_hazards_are_accepted_by_two_and_closed_by_a_third() -> None:
    """Neither of the two inspectors strikes it off."""
    place = world()
    number = accepted(place)
    done(place.act(number, "resume_use", "bureau-deputy"))
    assert codes(place.act(number, "close", SAFETY)) == {"same_person"}
    assert codes(place.act(number, "close", CLERK)) == {"same_person"}
    assert done(place.act(number, "close", DEPUTY)).ticket.state == "closed"


def accepted(place: World) -> str:
    """Bring a major hazard to its acceptance by the head and the clerk of the safety section."""
    number = hazard(place, workflow="major_hazard")
    done(place.act(number, "control", HEAD, control_measures="停用"))
    done(place.act(number, "report_up", SAFETY, reported_up_to="区校安委会", reported_up_on="2024-09-02"))
    done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-10-31"))
    done(place.act(number, "sign", HEAD))
    held = dict.fromkeys(("measures", "funds", "deadline", "person", "emergency"), "是")
    plan = dict.fromkeys(("target", "methods", "resources", "duties", "schedule", "safety"), "见方案")
    given: dict[str, Any] = {
        **{f"guaranteed_{k}": v for k, v in held.items()},
        **{f"plan_{k}": v for k, v in plan.items()},
    }
    done(place.act(number, "plan", RECTIFIER, **given))
    done(submit(place, number))
    done(place.act(number, "accept", SAFETY, second_inspector=CLERK))
    return number


def test_a_listed_hazard_put_right_on_the_spot_needs_two_as_well() -> None:
    """Listing on discovery cannot be slipped past by the short way."""
    place = world()
    number = hazard(place)
    done(place.ask(number, "listing", SAFETY, level="district"))
    done(place.rule(number, 1, DISTRICT))
    given: dict[str, Any] = {"responsible_unit": "town1_school2", "measures": "当场清走"}
    assert codes(place.act(number, "on_spot", CLERK, evidence=(PHOTO,), **given)) == {
        "second_inspector",
        "level_absent",
    }
    done(place.act(number, "on_spot", CLERK, evidence=(PHOTO,), second_inspector=ACCEPTING, **given))
    done(place.ask(number, "delisting", DEPUTY))
    done(place.rule(number, 2, DISTRICT))
    assert codes(place.act(number, "close", CLERK)) == {"same_person"}
    done(place.act(number, "close", DEPUTY))


def test_the_second_inspector_is_somebody_else_from_elsewhere() -> None:
    """Not the verifier, not who rectified, nobody of the unit; and naming one with another action bars nobody."""
    place = world()
    number = rectifying(place)
    done(place.ask(number, "listing", SAFETY, level="district"))
    done(place.rule(number, 1, DISTRICT))
    done(submit(place, number, second_inspector=SAFETY))
    assert codes(place.act(number, "pass", ACCEPTING)) == {"second_inspector"}
    assert codes(place.act(number, "pass", ACCEPTING, second_inspector=ACCEPTING)) == {"same_person", "role_missing"}
    assert codes(place.act(number, "pass", ACCEPTING, second_inspector=RECTIFIER)) == {"same_person", "role_missing"}
    assert codes(place.act(number, "pass", ACCEPTING, second_inspector="没有这个人")) == {
        "field_invalid",
        "second_inspector",
    }
    assert done(place.act(number, "pass", ACCEPTING, second_inspector=CLERK)).ticket.state == "verified"


def test_the_second_inspector_inspects_and_may_see_it() -> None:
    """No head of another school, and for a restricted hazard nobody without the grant."""
    place = world()
    number = rectifying(place)
    done(submit(place, number, Hand(actor=RECTIFIER, entered_by=CLERK, via="phone")))
    on_site = Hand(actor=CLERK, via="in-person")
    assert codes(place.act(number, "pass", on_site, second_inspector="town2-school1-head")) == {"role_missing"}
    done(place.act(number, "pass", on_site, second_inspector="planning-officer"))
    secret = rectifying(place, by=SAFETY, category="dispute")
    done(submit(place, secret, Hand(actor=RECTIFIER, entered_by=SAFETY, via="phone")))
    judge = Hand(actor=SAFETY, via="in-person")
    assert codes(place.act(secret, "pass", judge, second_inspector="planning-officer")) == {"restricted"}
    done(place.act(secret, "pass", judge, second_inspector=DEPUTY))


def test_entering_for_another_is_no_way_around() -> None:
    """Who rectifies, or took what bars, neither verifies nor closes by another's name; others enter it from paper."""
    place = world()
    number = hazard(place, responsible_unit="town1")
    done(place.act(number, "assign", SAFETY, responsible_person="town1-safety", due_on="2024-09-20"))
    done(place.act(number, "sign", "town1-head"))
    done(submit(place, number, "town1-safety"))
    for_clerk = Hand(actor=CLERK, entered_by="town1-safety", via="paper")
    assert codes(place.act(number, "pass", for_clerk)) == {"same_person"}
    assert codes(place.act(number, "pass", Hand(actor=CLERK, entered_by=DEPUTY, via="phone"))) == {"not_on_paper"}
    done(place.act(number, "pass", Hand(actor=CLERK, entered_by=DEPUTY, via="paper")))
    assert codes(place.act(number, "close", Hand(actor=SAFETY, entered_by="town1-safety", via="paper"))) == {
        "same_person"
    }
    done(place.act(number, "close", SAFETY))


def test_a_major_hazard_is_not_closed_by_who_accepted_it_in_another_name() -> None:
    """The decision on its use and the close-out are the leader's and another's own, also on paper."""
    place = world()
    number = accepted(place)
    assert "not_on_paper" in codes(place.act(number, "resume_use", Hand(actor=LEADER, entered_by=DEPUTY, via="phone")))
    assert codes(place.act(number, "resume_use", Hand(actor=LEADER, entered_by=SAFETY, via="paper"))) == {"same_person"}
    done(place.act(number, "resume_use", Hand(actor=LEADER, entered_by=DEPUTY, via="paper")))
    assert codes(place.act(number, "close", Hand(actor=DEPUTY, entered_by=SAFETY, via="paper"))) == {"same_person"}


def test_the_second_inspector_is_not_of_the_responsible_unit() -> None:
    """The head who did not sign is still of the school."""
    place = world()
    number = hazard(place)
    done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-09-20"))
    done(place.act(number, "sign", RECTIFIER))
    done(place.ask(number, "listing", SAFETY, level="district"))
    done(place.rule(number, 1, DISTRICT))
    done(submit(place, number))
    assert codes(place.act(number, "pass", ACCEPTING, second_inspector=HEAD)) == {"same_unit", "role_missing"}


def test_who_only_entered_the_answer_verifies_on_site_with_a_second() -> None:
    """Both conditions are named at once; another verifier is free of them."""
    place = world()
    number = rectifying(place)
    done(submit(place, number, Hand(actor=RECTIFIER, entered_by=CLERK, via="phone")))
    assert codes(place.act(number, "pass", CLERK)) == {"second_inspector", "not_on_site"}
    assert codes(place.act(number, "pass", Hand(actor=CLERK, via="in-person"))) == {"second_inspector"}
    on_site = Hand(actor=CLERK, via="in-person")
    assert done(place.act(number, "pass", on_site, second_inspector=DEPUTY)).ticket.state == "verified"


# substitutes --------------------------------------------------------------------------------------------------------


def two_posts(*substitutions: Substitution) -> Directory:
    """Return a district where the head of a school also verifies for the safety section, and has a deputy."""
    posts = {
        "head": ("school", {"principal"}),
        "inspector": ("safety", {"verifier"}),
        "keeper": ("safety", {"safety_section", "verifier", "lead_section"}),
    }
    holdings = [("head", "h"), ("inspector", "h"), ("keeper", "k")]
    return Directory(
        district=District(code="1", prefix="X", name="区"),
        revision=1,
        units=[Unit(id="school", name="一小", kind="school"), Unit(id="safety", name="安全股", kind="section")],
        posts=[Post(id=p, unit=u, title=p, roles=frozenset(r)) for p, (u, r) in posts.items()],
        persons=[Person(id=i, name=i) for i in ("h", "d", "k", "r")],
        holdings=[Holding(post=p, person=i) for p, i in holdings],
        substitutions=substitutions,
    )


AWAY = Substitution(person="h", deputy="d", since=date(2024, 9, 2), until=date(2024, 9, 6))


def test_what_the_substitute_took_bars_the_one_stood_in_for() -> None:
    """The deputy signed in the head's place: back at the desk, the head does not verify."""
    place = world()
    place.directory = two_posts(AWAY)
    number = hazard(place, "k", responsible_unit="school")
    done(place.act(number, "assign", "k", responsible_person="r", due_on="2024-09-20"))
    done(place.act(number, "sign", "d"))
    done(submit(place, number, "r"))
    place.advance_to(at("2024-09-09"))
    assert codes(place.act(number, "pass", "h")) == {"same_person"}


def test_what_the_absent_one_took_bars_the_substitute() -> None:
    """The head signed before leaving: the deputy does not verify in the head's place."""
    place = world()
    place.directory = two_posts(AWAY)
    number = hazard(place, "k", responsible_unit="school")
    done(place.act(number, "assign", "k", responsible_person="r", due_on="2024-09-20"))
    done(place.act(number, "sign", "h"))
    done(submit(place, number, "r"))
    assert codes(place.act(number, "pass", "d")) == {"same_person"}
    assert done(place.act(number, "pass", "k")).ticket.state == "verified"


def test_nobody_decides_on_what_they_asked_for() -> None:
    """Neither the one who asked, nor a substitute in that one's place."""
    both = edited(
        "hazard",
        ("workflow: hazard", "workflow: both"),
        ("by: principal, decided_by: bureau_leader, ask: [funds]", "by: verifier, decided_by: verifier, ask: [funds]"),
    )
    place = world(both=both)
    place.directory = two_posts(AWAY)
    number = hazard(place, "k", workflow="both", responsible_unit="school")
    done(place.ask(number, "funding", "h", funds=3))
    assert codes(place.rule(number, 1, "h")) == {"same_person"}
    assert codes(place.rule(number, 1, "d")) == {"same_person"}
    assert done(place.rule(number, 1, "k")).ticket.fields["funds"] == "3"

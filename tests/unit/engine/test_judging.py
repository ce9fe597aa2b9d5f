"""Who judges: the named rectifier never, a leader's word from paper only, restricted hazards by who may see them."""

from __future__ import annotations

from datetime import date

from rectiflow.engine.chain import check_standing
from rectiflow.engine.stimulus import Hand
from support.district import (
    CLERK,
    DEPUTY,
    DISTRICT,
    HEAD,
    SAFETY,
    at,
    codes,
    done,
    hazard,
    rectifying,
    submit,
    world,
)


def test_the_named_rectifier_never_judges() -> None:
    """Named but idle, the responsible person still neither verifies nor closes."""
    place = world()
    number = hazard(place)
    done(place.act(number, "assign", SAFETY, responsible_person=DEPUTY, due_on="2024-09-20"))
    done(place.act(number, "sign", HEAD))
    done(submit(place, number, HEAD))
    assert codes(place.act(number, "pass", DEPUTY)) == {"same_person"}
    done(place.act(number, "pass", CLERK))
    assert codes(place.act(number, "close", DEPUTY)) == {"same_person"}


def test_who_entered_the_answer_does_not_enter_the_verdict() -> None:
    """The clerk who took the school's call can neither enter a colleague's verdict by telephone nor second it so."""
    place = world()
    number = rectifying(place)
    done(submit(place, number, Hand(actor=HEAD, entered_by=CLERK, via="phone")))
    by_phone = Hand(actor=DEPUTY, entered_by=CLERK, via="phone")
    assert "not_on_site" in codes(place.act(number, "pass", by_phone, second_inspector=SAFETY))
    assert "not_on_site" in codes(place.act(number, "pass", DEPUTY, second_inspector=CLERK))


def test_a_leaders_decision_is_entered_from_paper() -> None:
    """By telephone nobody approves; from the signed paper somebody else than who asked may enter it."""
    place = world()
    number = rectifying(place)
    done(place.ask(number, "listing", SAFETY, level="district"))
    by_phone = Hand(actor=DISTRICT, entered_by=CLERK, via="phone")
    assert codes(place.rule(number, 1, by_phone)) == {"not_on_paper"}
    own = Hand(actor=DISTRICT, entered_by=SAFETY, via="paper")
    assert codes(place.rule(number, 1, own)) == {"same_person"}
    done(place.rule(number, 1, Hand(actor=DISTRICT, entered_by=CLERK, via="paper")))
    assert codes(place.sign_off(number, 1, by_phone)) == {"not_on_paper"}
    done(place.sign_off(number, 1, Hand(actor=DISTRICT, entered_by=CLERK, via="paper")))


def test_nothing_ends_while_it_is_listed() -> None:
    """A listed hazard is neither dismissed nor merged away."""
    place = world()
    number = hazard(place)
    done(place.ask(number, "listing", SAFETY, level="district"))
    done(place.rule(number, 1, DISTRICT))
    assert "listed" in codes(place.act(number, "dismiss", SAFETY, reason="不属实"))
    assert "listed" in codes(place.act(number, "merge", SAFETY, merged_into="LZH-2024-000009"))


def test_once_listed_it_takes_two_to_accept() -> None:
    """Delisted before acceptance, the hazard still takes two inspectors."""
    place = world()
    number = rectifying(place)
    done(place.ask(number, "listing", SAFETY, level="district"))
    done(place.rule(number, 1, DISTRICT))
    done(place.ask(number, "delisting", SAFETY, reason="重复挂牌"))
    done(place.rule(number, 2, DISTRICT))
    done(submit(place, number))
    assert codes(place.act(number, "pass", CLERK)) == {"second_inspector"}


def test_an_extension_is_not_approved_into_the_past() -> None:
    """An approval that comes after the day asked for is refused."""
    place = world()
    number = rectifying(place, due_on="2024-09-10")
    done(place.ask(number, "extension", HEAD, reason="材料未到", new_due_on="2024-09-13", interim="停用"))
    place.advance_to(at("2024-09-25"))
    assert "due_in_past" in codes(place.rule(number, 1, SAFETY))


def test_a_ticket_is_not_merged_into_itself() -> None:
    """A hazard merged into itself would vanish from the figures."""
    place = world()
    number = hazard(place)
    assert "field_invalid" in codes(place.act(number, "merge", SAFETY, merged_into=number))


def test_restricted_hazards_are_for_who_may_see_them() -> None:
    """Without the grant and without a part in it nobody corrects, voids or frees a restricted hazard."""
    place = world()
    number = hazard(place, by=SAFETY, category="bullying")
    assert place.cases[number].ticket.restricted
    assert "restricted" in codes(place.amend(number, CLERK, reason="看看", category="other"))
    assert "restricted" in codes(place.void(number, CLERK, reason="看看"))
    assert not done(place.amend(number, SAFETY, reason="类别填错", category="other")).ticket.restricted


def test_only_the_grant_lifts_a_restriction() -> None:
    """Who has a part in it but no grant keeps it restricted."""
    place = world()
    number = hazard(place, by=CLERK, category="bullying")
    assert codes(place.amend(number, CLERK, reason="类别填错", category="other")) == {"restricted"}


def test_a_ticket_stands_where_its_history_leaves_it() -> None:
    """A row rewritten behind the history's back is found by comparing both."""
    from msgspec.structs import replace

    place = world()
    number = rectifying(place)
    case = place.cases[number]
    assert not check_standing(case.ticket, case.events)
    assert check_standing(replace(case.ticket, state="closed"), case.events)
    moved = {**case.ticket.marks, "due_on": date(2025, 1, 1).isoformat()}
    assert check_standing(replace(case.ticket, marks=moved), case.events)

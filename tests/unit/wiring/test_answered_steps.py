"""What an answer may do is told by the step, whatever a definition calls it: sign for, hand in, ask for more time."""

from __future__ import annotations

from datetime import date

import pytest

from rectiflow._answers.acting import Answer, handing_in_trigger, signing_trigger, stimulus_of
from rectiflow.engine.errors import Refused
from rectiflow.engine.simulate import World
from rectiflow.engine.stimulus import Act, Ask
from rectiflow.engine.ticket import Snapshot
from rectiflow.notifiers.wish import Wish, WishKind
from support.district import HEAD, RECTIFIER, SAFETY, done, edited, hazard, rectifying, submit, world

HANDING_IN = "from: rectifying, to: pending_verification, by: [principal, rectifier]"
PROGRESS = "to: rectifying, by: [principal, rectifier], ask: [progress]"
MET_BY = "met_by: submit           #"


def asked(kind: WishKind) -> Answer:
    """Return an answer of the head that asks for something."""
    day = date(2024, 9, 2)
    return Answer(actor=HEAD, via="mail", mark="mail:1", wish=Wish(kind=kind), words="", on=day, number="x")


def assigned(place: World) -> str:
    """Give a hazard to the sample school."""
    number = hazard(place)
    done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-09-20"))
    return number


def barred(snapshot: Snapshot, kind: WishKind) -> bool:
    """Tell whether an answer that asks for this is refused before anything is tried."""
    try:
        stimulus_of(snapshot, asked(kind))
    except Refused as refused:
        return [r.code for r in refused.reasons] == ["not_by_mail"]
    return False


def test_what_the_built_in_definitions_let_an_answer_do() -> None:
    """Sign where it was assigned, hand in where it is being rectified, and nothing where it waits to be judged."""
    place = world()
    number = assigned(place)
    signing = stimulus_of(place.snapshot(number), asked("sign"))
    assert isinstance(signing, Act)
    assert (signing.trigger, signing.hand.actor, signing.hand.via) == ("sign", HEAD, "mail")
    done(place.act(number, "sign", HEAD))
    snapshot = place.snapshot(number)
    assert (signing_trigger(snapshot), handing_in_trigger(snapshot)) == (None, "submit")
    assert barred(snapshot, "sign")
    handing_in = stimulus_of(snapshot, asked("submit"))
    assert isinstance(handing_in, Act)
    assert handing_in.trigger == "submit"
    extending = stimulus_of(snapshot, asked("extend"))
    assert isinstance(extending, Ask)
    assert extending.kind == "extension"
    done(submit(place, number))
    waiting = place.snapshot(number)
    assert (signing_trigger(waiting), handing_in_trigger(waiting)) == (None, None)
    assert barred(waiting, "sign")


def test_a_plan_is_not_signed_for() -> None:
    """A step onward without anything to give that does not begin where the hazard was assigned: the plan of a major hazard."""
    place = world()
    number = hazard(place, workflow="major_hazard")
    done(place.act(number, "control", HEAD, control_measures="封闭该处"))
    done(place.act(number, "report_up", SAFETY, reported_up_to="区政府", reported_up_on="2024-09-02"))
    done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-12-20"))
    assert signing_trigger(place.snapshot(number)) == "sign"
    done(place.act(number, "sign", HEAD))
    planning = place.snapshot(number)
    assert planning.case.state == "planning"
    assert signing_trigger(planning) is None
    assert barred(planning, "sign")


@pytest.mark.parametrize(
    "edits",
    [
        ((HANDING_IN, "from: rectifying, to: verified, by: [principal, rectifier]"),),
        ((HANDING_IN, "from: rectifying, to: closed, by: [principal, rectifier]"),),
        ((MET_BY, "met_by: report_progress #"), (PROGRESS, PROGRESS.replace("rectifying,", "closed,"))),
    ],
    ids=["verified", "closed", "another trigger that closes"],
)  # fmt: skip
def test_handing_in_never_declares_it_good(edits: tuple[tuple[str, str], ...]) -> None:
    """What meets the main clock leads past the re-inspection: an answer does not take it."""
    place = world(hazard=edited("hazard", *edits))
    number = rectifying(place)
    assert handing_in_trigger(place.snapshot(number)) is None
    assert barred(place.snapshot(number), "submit")


@pytest.mark.parametrize("trigger", ["pass", "fail"])
def test_a_judgement_is_no_handing_in(trigger: str) -> None:
    """Where the main clock is met by the verdict, an answer gives none, neither good nor bad."""
    place = world(hazard=edited("hazard", (MET_BY, f"met_by: {trigger} #")))
    number = rectifying(place)
    done(submit(place, number))
    assert barred(place.snapshot(number), "submit")


def test_signing_for_never_closes() -> None:
    """A step that signs for, or else closes, as a guard has it, is not taken; one that asks for something neither."""
    signing = "{trigger: sign,     title: 签收,       from: assigned, to: rectifying, by: [principal, rectifier]}"
    closing = "{trigger: sign, title: 签收, from: assigned, to: closed, when: returns >= 1, by: [principal, rectifier]}"
    for text in (f"{closing}\n  - {signing}", signing.replace("}", ", ask: [measures]}")):
        place = world(hazard=edited("hazard", (signing, text)))
        snapshot = place.snapshot(assigned(place))
        assert signing_trigger(snapshot) is None
        assert barred(snapshot, "sign")

"""Something said about a hazard: on record, with its pictures, and nothing else changes."""

from __future__ import annotations

import pytest

from rectiflow.engine.decision import Decision, Refusal
from rectiflow.engine.simulate import World
from rectiflow.engine.stimulus import Attachment, Hand, Remark
from support.district import HEAD, RECTIFIER, SAFETY, codes, done, hazard, world

PHOTO = Attachment(sha256="0a" * 32, name="现场.jpg", size=3, media_type="image/jpeg")


def assigned() -> tuple[World, str]:
    """Return a world with one assigned hazard."""
    place = world("2024-09-02")
    number = hazard(place)
    done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-09-20"))
    return place, number


def said(
    place: World, number: str, by: str, note: str = "配件已订，周五到货", evidence: tuple[Attachment, ...] = ()
) -> Decision | Refusal:
    """Say something about a hazard by mail."""
    return place.handle(number, Remark(hand=Hand(actor=by, via="mail", note=note), evidence=evidence))


@pytest.mark.parametrize("by", [HEAD, RECTIFIER, SAFETY])
def test_what_is_said_stands_on_record(by: str) -> None:
    """Who is responsible and who keeps the hazard may; state, clocks, timers and messages stay as they are."""
    place, number = assigned()
    before = place.cases[number].ticket
    decision = done(said(place, number, by, evidence=(PHOTO,)))
    (event,) = decision.events
    assert (event.kind, event.via, event.actor) == ("remarked", "mail", by)
    assert (event.private or {})["note"] == "配件已订，周五到货"
    assert "note" not in event.public
    assert decision.evidence == (PHOTO,)
    assert (decision.clocks, decision.arm, decision.disarm, decision.messages) == ((), (), (), ())
    assert (decision.ticket.state, decision.ticket.fields) == (before.state, before.fields)


def test_who_may_not_and_what_is_missing() -> None:
    """A stranger to the hazard, nobody we know, no words, too many words."""
    place, number = assigned()
    stranger = next(p for p in place.directory.persons if isinstance(said(place, number, p), Refusal))
    assert codes(said(place, number, stranger)) == {"role_missing"}
    assert codes(said(place, number, "nobody")) == {"person_unknown"}
    assert codes(said(place, number, HEAD, " ")) == {"remark_empty"}
    assert codes(said(place, number, HEAD, "长" * 5001)) == {"note_long"}

"""A telephone call that was made: the task is done, the ladder goes on, nothing else changes."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from rectiflow.engine.decision import Decision, Refusal
from rectiflow.engine.directory import Changes, Substitution
from rectiflow.engine.simulate import World
from rectiflow.engine.stimulus import Called, Hand, Reached, Unreached
from support.district import (
    HEAD,
    LEADER,
    RECTIFIER,
    SAFETY,
    at,
    codes,
    directory,
    done,
    edited,
    hazard,
    rectifying,
    submit,
    world,
)


def assigned() -> tuple[World, str]:
    """Return a world in which a school has not signed for a hazard, and the call to it waits."""
    place = world("2024-09-02")
    number = hazard(place)
    done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-09-20"))
    place.advance_to(at("2024-09-04", "10:00"))
    assert "sign" in place.cases[number].calls
    return place, number


def called(
    place: World, number: str, by: str = SAFETY, *, note: str = "校长说今天签收", clock: str = "sign"
) -> Decision | Refusal:
    """Record a call."""
    return place.handle(number, Called(clock=clock, hand=Hand(actor=by, note=note)))


def test_the_call_is_done_and_comes_again() -> None:
    """State, deadlines and timers stay, nobody is told; the next workday opens the call again."""
    place, number = assigned()
    before = place.cases[number].ticket
    decision = done(called(place, number))
    (event,) = decision.events
    assert (event.kind, event.trigger, event.public["reached"]) == ("called", "sign", True)
    assert (decision.clocks, decision.arm, decision.disarm, decision.messages) == ((), (), (), ())
    assert decision.end_calls == ("sign",)
    assert (decision.ticket.state, decision.ticket.fields) == (before.state, before.fields)
    assert not place.cases[number].calls
    place.advance_to(at("2024-09-05", "10:00"))
    assert "sign" in place.cases[number].calls


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (Changes(), "示例一镇第一小学安全副校长（13800000031）"),
        (
            Changes(persons=(replace(directory().persons[RECTIFIER], phone=None),)),
            "示例一镇第一小学安全副校长（没有登记电话）",
        ),
        (
            Changes(
                substitutions=(
                    Substitution(person=RECTIFIER, deputy=HEAD, since=date(2024, 9, 3), until=date(2024, 9, 9)),
                )
            ),
            "示例一镇第一小学校长（13800000030，代示例一镇第一小学安全副校长）",
        ),
    ],
)
def test_who_is_to_call_is_told_whom(changes: Changes, told: str) -> None:
    """The person and the number, those of the deputy while somebody is away."""
    place = world("2024-09-02")
    number = hazard(place)
    done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-09-20"))
    place.directory = directory().after(changes)
    place.advance_to(at("2024-09-04", "10:00"))
    tasks = [m for m in place.cases[number].messages.values() if m.template == "call_task"]
    assert SAFETY in {m.recipient for m in tasks}
    assert {m.params["callee"] for m in tasks} == {told}


def test_what_is_said_is_private() -> None:
    """The words of the call stand in the part of the event that is not published."""
    place, number = assigned()
    (event,) = done(called(place, number)).events
    assert "note" not in event.public
    assert (event.private or {})["note"] == "校长说今天签收"


def test_who_may_not_and_what_is_missing() -> None:
    """Who is not to call, a call without words, a deadline that asks for no call, and one that is over."""
    place, number = assigned()
    assert codes(called(place, number, HEAD)) == {"role_missing"}
    assert codes(called(place, number, note=" ")) == {"note_missing"}
    assert codes(called(place, number, clock="none")) == {"role_missing", "call_over"}
    done(place.act(number, "sign", HEAD))
    assert codes(called(place, number)) == {"call_over"}


def test_no_extension_without_a_deadline_that_runs() -> None:
    """Before it is handed out, and after it was recalled, there is nothing to extend."""
    place = world("2024-09-02")
    number = hazard(place)
    asked = {"new_due_on": "2024-10-20", "reason": "缺料", "interim": "围挡"}
    assert "no_deadline" in codes(place.ask(number, "extension", HEAD, **asked))


def test_who_was_not_reached_is_called_until_the_message_has_gone() -> None:
    """Whoever it is, not who is responsible; both lines name the person and the message, and nothing else changes."""
    place = world("2024-09-02")
    number = hazard(place)
    done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-09-20"))
    about = {"person": HEAD, "message": f"{number}:2:{HEAD}"}
    decision = done(place.handle(number, Unreached(why="550", **about)))
    assert [(c.clock, c.callee) for c in decision.calls] == [("sign", HEAD)]
    assert dict(decision.events[0].public) == about
    decision = done(place.handle(number, Reached(clock="sign", **about)))
    (event,) = decision.events
    assert (event.kind, dict(event.public), decision.end_calls) == ("reached", about, ("sign",))
    assert (decision.clocks, decision.messages, place.cases[number].calls) == ((), (), {})
    done(place.act(number, "sign", HEAD))
    assert codes(place.handle(number, Reached(clock="sign", **about))) == {"call_over"}


def test_who_was_not_reached_is_called_after_it_was_signed_for() -> None:
    """On the time limit of the rectification, by who calls about the others; not while it waits to be looked at."""
    place = world("2024-09-02")
    number = rectifying(place)
    decision = done(place.handle(number, Unreached(why="没有登记邮箱", person=HEAD, message="m")))
    assert [(c.clock, c.role, c.callee) for c in decision.calls] == [("rectify", "safety_section", HEAD)]
    assert codes(called(place, number, HEAD, clock="rectify")) == {"role_missing"}
    assert done(called(place, number, clock="rectify")).end_calls == ("rectify",)
    done(submit(place, number))
    assert codes(place.handle(number, Unreached(why="550", person=HEAD, message="m"))) == {"no_call"}


def test_who_issued_calls_where_nobody_is_named_to() -> None:
    """A definition without a step that calls."""
    call = "{at: due, every: 1 workdays, widen: true, call: safety_section}"
    place = world("2024-09-02", hazard=edited("hazard", (call, call.replace("call: ", "remind: "))))
    number = rectifying(place)
    decision = done(place.handle(number, Unreached(why="550", person=HEAD, message="m")))
    assert [(c.clock, c.role) for c in decision.calls] == [("rectify", "issuer")]
    assert codes(called(place, number, LEADER, clock="rectify")) == {"role_missing"}
    assert done(called(place, number, clock="rectify")).end_calls == ("rectify",)


def test_who_is_to_secure_a_major_hazard_is_called() -> None:
    """Before there is a time limit for its rectification, on the one of the control."""
    place = world("2024-09-02")
    number = hazard(place, workflow="major_hazard")
    done(place.act(number, "confirm", SAFETY, basis="唯一出口"))
    decision = done(place.handle(number, Unreached(why="550", person=HEAD, message="m")))
    assert [(c.clock, c.role, c.callee) for c in decision.calls] == [("control", "safety_section", HEAD)]

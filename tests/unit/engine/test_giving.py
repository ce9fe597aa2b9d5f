"""What comes with an action: asked for, required, not to be given; and what a person is shown before."""

from __future__ import annotations

from typing import Any

import pytest

from rectiflow.engine.actions import Action, actions
from rectiflow.engine.simulate import World
from support.district import (
    CLERK,
    DEPUTY,
    HEAD,
    LEADER,
    PHOTO,
    RECTIFIER,
    SAFETY,
    SCHOOL,
    at,
    codes,
    done,
    edited,
    hazard,
    rectifying,
    refused,
    submit,
    workflows,
    world,
)


@pytest.mark.parametrize(
    ("trigger", "by", "data"),
    [
        ("submit", RECTIFIER, {"due_on": "2025-12-31"}),
        ("submit", RECTIFIER, {"responsible_unit": "town1_school3"}),
        ("submit", RECTIFIER, {"responsible_person": HEAD}),
        ("submit", RECTIFIER, {"inspecting_unit": SCHOOL}),
        ("submit", RECTIFIER, {"issuing_unit": SCHOOL}),
        ("submit", RECTIFIER, {"category": "dispute"}),
        ("submit", RECTIFIER, {"listed_level": "town"}),
        ("submit", RECTIFIER, {"found_on": "2024-08-01"}),
        ("submit", RECTIFIER, {"source": "self"}),
        ("submit", RECTIFIER, {"description": "没有什么"}),
        ("recall", SAFETY, {"due_on": "2025-12-31", "reason": "写错"}),
    ],
)
def test_what_steers_a_ticket_does_not_slip_in_with_an_action(trigger: str, by: str, data: dict[str, Any]) -> None:
    """Who has it, what it is, when it is due: only the actions that ask for it may bring it."""
    place = world()
    number = rectifying(place)
    given: dict[str, Any] = {"measures": "已清走", "completed_on": "2024-09-02", **data}
    answer = place.act(number, trigger, by, evidence=(PHOTO,), **given)
    assert codes(answer) == {"protected"}


def test_what_is_the_same_as_before_or_does_not_steer_may_come_along() -> None:
    """A filled-in sheet brings every column back; funds and remarks are welcome."""
    place = world()
    number = rectifying(place)
    answer = done(submit(place, number, due_on="2024-09-20", responsible_unit=SCHOOL, funds="1.2", remarks="附图"))
    assert (answer.ticket.fields["funds"], answer.ticket.fields["remarks"]) == ("1.2", "附图")


def test_asked_for_means_given_anew_required_means_on_record() -> None:
    """The measures of the first round do not do for the second; the unit of the report does for the assignment."""
    place = world()
    number = rectifying(place)
    done(submit(place, number))
    done(place.act(number, "fail", CLERK, reason="未完", due_on="2024-09-30"))
    answer = place.act(number, "submit", RECTIFIER)
    assert codes(answer) == {"field_missing"}
    assert {r.subject for r in refused(answer).reasons} == {"measures", "completed_on", "evidence"}


def test_evidence_is_a_file_not_a_word() -> None:
    """Naming a file in the data is no file."""
    place = world()
    number = rectifying(place)
    answer = place.handle(number, _submit_with_words())
    assert codes(answer) == {"field_missing"}


def _submit_with_words() -> Any:
    from rectiflow.engine.stimulus import Act, Hand

    return Act(
        trigger="submit",
        hand=Hand(actor=RECTIFIER),
        data={"measures": "x", "completed_on": "2024-09-02", "evidence": ["a.jpg"]},
    )


def test_evidence_on_record_is_enough_where_it_is_required() -> None:
    """Once filed, it need not be filed again."""
    required = edited(
        "hazard",
        ("workflow: hazard", "workflow: required"),
        (
            "by: safety_section, not_by_actor_of: [submit, self_fix]",
            "by: safety_section, require: [evidence], not_by_actor_of: [submit, self_fix]",
        ),
    )
    place = world(required=required)
    number = rectifying(place, workflow="required")
    done(submit(place, number))
    done(place.act(number, "pass", CLERK))
    done(place.act(number, "close", SAFETY))


def test_a_completion_after_the_action_is_impossible() -> None:
    """Nothing is completed tomorrow."""
    place = world()
    number = rectifying(place)
    assert codes(submit(place, number, completed_on="2024-09-03")) == {"future"}


def test_every_reason_comes_at_once() -> None:
    """Role, person, field, date: one refusal names them all, and nothing changed."""
    place = world()
    number = rectifying(place)
    done(submit(place, number))
    before = place.cases[number].ticket
    answer = place.act(number, "fail", HEAD, due_on="2024-08-01", colour="red")
    assert codes(answer) == {"role_missing", "field_missing", "due_in_past", "field_unknown"}
    assert place.cases[number].ticket == before


def test_a_wrong_state_says_what_can_be_done_instead() -> None:
    """In the words of the definition."""
    place = world()
    number = hazard(place)
    answer = place.act(number, "close", SAFETY)
    assert codes(answer) == {"wrong_state"}
    assert "待交办" in str(answer)
    assert "当场整改" in str(answer)
    assert codes(place.act(number, "fly", SAFETY)) == {"wrong_state"}


# what a person is shown ----------------------------------------------------------------------------------------------


def shown(place: World, number: str, person: str) -> dict[str, Action]:
    """Return what a person could do, by trigger."""
    return {a.trigger: a for a in actions(place.snapshot(number), person, place.now)}


def test_actions_are_allowed_or_refused_with_reasons() -> None:
    """The rectifier may submit; the rest is there with why not."""
    place = world()
    number = rectifying(place)
    found = shown(place, number, RECTIFIER)
    assert {k for k, a in found.items() if a.allowed} == {"submit"}
    assert found["submit"].asks == ("measures", "completed_on", "evidence")
    assert {r.code for r in found["recall"].reasons} == {"role_missing"}
    assert {k for k, a in shown(place, number, HEAD).items() if a.allowed} == {"submit", "extension", "funding"}
    assert {"recall", "reassign", "reclassify", "amend", "void"} <= {
        k for k, a in shown(place, number, SAFETY).items() if a.allowed
    }


def test_what_is_wanted_before_an_action_is_said() -> None:
    """Assigning wants a person and a date; an extension of a secured hazard what must be on record."""
    place = world()
    assert shown(place, hazard(place), SAFETY)["assign"].wants == ("responsible_person", "due_on")
    number = hazard(place, workflow="hard_to_rectify")
    assert "fund_source" in shown(place, number, HEAD)["extension"].wants


def test_a_condition_on_what_is_still_to_be_given_does_not_forbid() -> None:
    """Reporting a plan is open to the rectifier although the five guarantees are not on record yet."""
    place = world()
    number = hazard(place, workflow="major_hazard")
    done(place.act(number, "control", HEAD, control_measures="停用"))
    done(place.act(number, "report_up", SAFETY, reported_up_to="区校安委会", reported_up_on="2024-09-02"))
    done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-10-31"))
    done(place.act(number, "sign", HEAD))
    plan = shown(place, number, RECTIFIER)["plan"]
    assert plan.allowed
    assert len(plan.wants) == 11
    answer = place.act(number, "plan", RECTIFIER)
    assert codes(answer) == {"field_missing"}
    assert len(refused(answer).reasons) == 11


def test_a_duty_kept_apart_is_shown_as_such() -> None:
    """Who took part sees why the action is not his."""
    place = world()
    number = hazard(place)
    done(place.act(number, "assign", SAFETY, responsible_person=DEPUTY, due_on="2024-09-20"))
    done(place.act(number, "sign", HEAD))
    done(submit(place, number, DEPUTY))
    assert {r.code for r in shown(place, number, DEPUTY)["pass"].reasons} == {"same_person"}
    assert shown(place, number, CLERK)["pass"].allowed


def test_a_final_state_offers_no_requests() -> None:
    """What is closed may be reopened, amended and voided."""
    place = world()
    number = rectifying(place)
    done(submit(place, number))
    done(place.act(number, "pass", CLERK))
    done(place.act(number, "close", SAFETY))
    assert set(shown(place, number, SAFETY)) == {"reopen", "amend", "void"}
    assert shown(place, number, LEADER)["reopen"].allowed is False


# messages -------------------------------------------------------------------------------------------------------------


def test_a_message_freezes_whom_and_what() -> None:
    """Recipient, template and parameters; all of them text, numbers or nothing."""
    place = world()
    number = hazard(place, place="教学楼")
    answer = done(place.act(number, "assign", SAFETY, responsible_person=RECTIFIER, due_on="2024-09-20"))
    message = next(m for m in answer.messages if m.recipient == RECTIFIER)
    assert (message.template, message.urgent) == ("assigned", True)
    assert message.params["unit"] == "示例一镇第一小学"
    assert message.params["due_on"] == "2024年9月20日"
    assert message.params["days_left"] == 18
    assert message.params["recipient"] == "示例一镇第一小学安全副校长"
    assert message.params["actor"] == "安全股股长"
    assert message.params["actor_unit"] == "安全股"
    assert all(v is None or isinstance(v, str | int) for v in message.params.values())


def test_nobody_to_act_next_is_an_incident() -> None:
    """A unit whose head's post is vacant: the work is not lost in silence."""
    place = world()
    number = hazard(place, responsible_unit="committee", category="bus_speeding", workflow="major_hazard")
    answer = done(place.act(number, "confirm", SAFETY, basis="判定指南"))
    assert [i.kind for i in answer.incidents] == ["nobody"]
    assert "单位主要负责人" in answer.incidents[0].message


def test_who_had_it_learns_that_it_was_given_to_somebody_else() -> None:
    """And only where it was in somebody's hands before."""
    place = world()
    number = rectifying(place)
    answer = done(place.act(number, "reassign", SAFETY, reason="调岗", responsible_person="town1-safety"))
    assert {m.recipient for m in answer.messages} == {RECTIFIER, HEAD, "town1-safety"}
    done(place.act(number, "recall", SAFETY, reason="写错"))
    answer = done(place.act(number, "assign", SAFETY, responsible_person=HEAD, due_on="2024-09-20"))
    assert {m.recipient for m in answer.messages} == {HEAD}


def test_the_end_of_a_rectification_is_told_to_the_unit() -> None:
    """Pass, fail and close reach the head and the person responsible."""
    place = world()
    number = rectifying(place)
    done(submit(place, number))
    place.advance_to(at("2024-09-03"))
    failed = done(place.act(number, "fail", CLERK, reason="未完", due_on="2024-09-20"))
    assert {m.recipient for m in failed.messages} == {HEAD, RECTIFIER}
    done(submit(place, number))
    assert {HEAD, RECTIFIER} <= {m.recipient for m in done(place.act(number, "pass", CLERK)).messages}
    assert {m.recipient for m in done(place.act(number, "close", SAFETY)).messages} == {HEAD, RECTIFIER}


def test_every_template_a_definition_tells_is_there() -> None:
    """The built-in definitions load with the built-in templates known."""
    from importlib.resources import files

    from rectiflow._library import load_library

    occasions = {f.name.split(".")[0] for f in files("rectiflow.notifiers").joinpath("occasions").iterdir()}
    assert set(load_library(templates=occasions).latest) == set(workflows())


def test_a_post_of_the_unit_means_its_holder() -> None:
    """安全副校长 is that of the responsible school, of the one given with the action before the one on record."""
    place = world()
    number = hazard(place)
    unknown = place.act(number, "assign", SAFETY, responsible_person="安全主任", due_on="2024-09-20")
    assert codes(unknown) == {"field_invalid"}
    done(place.act(number, "assign", SAFETY, responsible_person="安全副校长", due_on="2024-09-20"))
    assert place.cases[number].ticket.fields["responsible_person"] == RECTIFIER
    done(
        place.act(
            number,
            "reassign",
            SAFETY,
            reason="校舍已划归二小",
            responsible_unit="示例一镇第二小学",
            responsible_person="校长",
        )
    )
    assert place.cases[number].ticket.fields["responsible_person"] == "town1-school3-head"

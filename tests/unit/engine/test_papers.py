"""A paper over several hazards: one unit, item by item, all or nothing, and one message a person."""

from __future__ import annotations

from typing import Any

import pytest

from rectiflow.engine import drafting, papers
from rectiflow.engine.decision import Refusal
from rectiflow.engine.moments import local_day
from rectiflow.engine.paper import Order, Plan, items_of
from rectiflow.engine.stimulus import Hand
from support.district import CLERK, DEPUTY, HEAD, LEADER, PHOTO, RECTIFIER, SAFETY, at, done, hazard
from support.paper_desk import FINISHED, Desk

SUPERVISOR = "town1-safety"


def codes(answer: object) -> set[str]:
    """Return the codes of a refusal."""
    assert isinstance(answer, Refusal), answer
    return {r.code for r in answer.reasons}


def test_the_whole_way() -> None:
    """Draft, sign, serve, acknowledge, reply, re-inspect: the hazards move with it, the paper remembers each step."""
    desk = Desk().until()
    assert desk.states() == ["reported"] * 3
    desk.carry(desk.step("sign", LEADER))
    assert desk.items[0].paper.number == "rectification_notice〔2024〕1号"
    desk.carry(desk.step("serve", Hand(actor=SAFETY, via="in-person")))
    assert desk.states() == ["assigned"] * 3
    desk.carry(desk.step("acknowledge", Hand(actor=HEAD, entered_by=SAFETY, via="phone")))
    assert desk.states() == ["rectifying"] * 3
    desk.carry(desk.step("reply", RECTIFIER, data=FINISHED, evidence=dict.fromkeys(desk.numbers, (PHOTO,))))
    assert desk.states() == ["pending_verification"] * 3
    one, two, three = desk.numbers
    failed = {three: {"reason": "未清完", "due_on": "2024-09-30"}}
    desk.carry(desk.step("verify", CLERK, items=(one, two), failed=(three,), each=failed))
    assert desk.states() == ["verified", "verified", "rectifying"]
    paper = desk.items[0].paper
    assert (paper.status, paper.served_via, paper.served_by, paper.acknowledged_by) == (
        "acknowledged", "in-person", SAFETY, HEAD,
    )  # fmt: skip
    opinion = desk.world.cases[three].documents[2]
    assert (opinion.kind, opinion.status, opinion.corrects, opinion.place) == ("verification_opinion", "draft", "W1", 3)


def test_everybody_hears_of_a_paper_once() -> None:
    """Eight hazards, one message for each person at each step, and none to who acts."""
    desk = Desk(8).until()
    assert desk.told == [("paper_waiting", LEADER)]
    for name, expected in (("sign", {SAFETY}), ("serve", {HEAD, RECTIFIER})):
        assert isinstance(desk.carry(desk.step(name, LEADER if name == "sign" else SAFETY)), list)
        assert len(desk.told) == len({p for _, p in desk.told})
        assert {p for _, p in desk.told} == expected
    first = desk.world.cases[desk.numbers[0]]
    params = next(m.params for m in first.messages.values() if m.template == "paper_served")
    assert (params["count"], params["due_on"], len(str(params["lines"]).splitlines())) == (8, "2024年9月20日", 8)


def test_what_was_done_with_a_paper_names_it_once() -> None:
    """By its number, where it has one."""
    desk = Desk(1).until("sign", "serve", "acknowledge", "reply")
    said = [m.params["action"] for m in desk.world.cases[desk.numbers[0]].messages.values() if "paper" in m.params]
    assert "整改通知书拟稿" in said
    assert "rectification_notice〔2024〕1号整改报告" in said


def test_the_reports_of_a_visit_are_gathered_with_the_history_true() -> None:
    """What a step did is in every hazard's own history, with the paper it belongs to."""
    desk = Desk().until("sign", "serve")
    for number in desk.numbers:
        lines = desk.world.cases[number].events
        assert [(e.kind, e.trigger, e.public.get("step")) for e in lines[1:]] == [
            ("papered", "draft", "draft"),
            ("papered", "sign", "sign"),
            ("acted", "assign", "serve"),
        ]
        assert {e.public.get("document") for e in lines[1:]} == {"W1"}


def test_a_paper_goes_to_one_unit() -> None:
    """Hazards of two units are refused, with which belongs where."""
    desk = Desk(2)
    desk.numbers.append(hazard(desk.world, responsible_unit="town1_school1"))
    answer = desk.draft()
    assert codes(answer) == {"two_units"}
    assert "示例一镇初级中学：LZH-2024-000003" in str(answer)


def test_a_draft_names_everything_that_is_missing() -> None:
    """Every hazard with every field, and what is closed or on another paper, all at once."""
    desk = Desk(2)
    done(desk.world.act(desk.numbers[0], "dismiss", SAFETY, reason="不属实"))
    answer = desk.draft(data={})
    assert isinstance(answer, Refusal)
    assert [r.message for r in answer.reasons] == [
        f"{desk.numbers[0]}已办结（核查不属实）",
        f"{desk.numbers[1]}缺“整改责任人”",
        f"{desk.numbers[1]}缺“整改时限”",
    ]
    other = Desk().until()
    assert codes(other.draft()) == {"on_paper"}


def test_what_one_hazard_needs_may_differ() -> None:
    """A value for one item goes before the value for all."""
    desk = Desk(2)
    later = {desk.numbers[1]: {"due_on": "2024-10-31"}}
    desk.carry(desk.draft(each=later))
    assert [desk.world.cases[n].ticket.fields["due_on"] for n in desk.numbers] == ["2024-09-20", "2024-10-31"]


@pytest.mark.parametrize(
    ("steps", "name", "by", "code"),
    [
        ((), "sign", SAFETY, "role_missing"),
        ((), "serve", SAFETY, "document_done"),
        (("sign",), "sign", LEADER, "document_done"),
        (("sign",), "acknowledge", HEAD, "document_done"),
        (("sign",), "serve", HEAD, "role_missing"),
        (("sign", "serve"), "serve", SAFETY, "document_done"),
        (("sign", "serve"), "acknowledge", "town1-school1-head", "role_missing"),
        (("sign", "serve"), "reply", RECTIFIER, "no_items"),
        (("sign", "serve", "acknowledge"), "verify", CLERK, "no_items"),
        ((), "verify", CLERK, "document_done"),
    ],
)
def test_steps_in_their_order_by_who_may(steps: tuple[str, ...], name: str, by: str, code: str) -> None:
    """Out of turn, or by somebody else, nothing of it happens."""
    desk = Desk().until(*steps)
    before = [desk.world.cases[n].ticket for n in desk.numbers]
    given: dict[str, Any] = (
        {"data": FINISHED, "evidence": dict.fromkeys(desk.numbers, (PHOTO,))} if name == "reply" else {}
    )
    assert code in codes(desk.carry(desk.step(name, by, **given)))
    assert [desk.world.cases[n].ticket for n in desk.numbers] == before


def test_one_refused_item_refuses_the_step() -> None:
    """A reply with a photograph for two of three: nothing is handed in, and the third is named."""
    desk = Desk().until("sign", "serve", "acknowledge")
    some = dict.fromkeys(desk.numbers[:2], (PHOTO,))
    answer = desk.carry(desk.step("reply", RECTIFIER, data=FINISHED, evidence=some))
    assert codes(answer) == {"field_missing"}
    assert f"第 3 项（{desk.numbers[2]}）缺“佐证材料”" in str(answer)
    assert desk.states() == ["rectifying"] * 3


def test_what_is_wrong_with_all_is_said_once() -> None:
    """A missing role is not repeated for each of eight items."""
    desk = Desk(8).until()
    answer = desk.carry(desk.step("sign", CLERK))
    assert isinstance(answer, Refusal)
    assert len(answer.reasons) == 1
    assert "第 1 项" not in answer.reasons[0].message


def test_a_reply_may_speak_of_some_items() -> None:
    """The others stay where they are, and may follow later."""
    desk = Desk().until("sign", "serve", "acknowledge")
    one = desk.numbers[0]
    desk.carry(desk.step("reply", RECTIFIER, data=FINISHED, evidence={one: (PHOTO,)}, items=(one,)))
    assert desk.states() == ["pending_verification", "rectifying", "rectifying"]
    assert codes(desk.step("reply", RECTIFIER, data=FINISHED, items=(one,))) == {"wrong_state"}
    assert codes(desk.step("reply", RECTIFIER, data=FINISHED, items=("LZH-2024-000099",))) == {"not_on_paper"}


def test_the_same_item_is_not_both() -> None:
    """Passed and failed at once is refused."""
    desk = Desk().until("sign", "serve", "acknowledge", "reply")
    one = desk.numbers[0]
    assert codes(desk.step("verify", CLERK, items=(one,), failed=(one,))) == {"twice"}


def test_who_entered_the_reply_re_inspects_on_site_with_a_second() -> None:
    """The separation of duties holds through the paper as without it."""
    desk = Desk().until("sign", "serve", "acknowledge")
    by_phone = Hand(actor=RECTIFIER, entered_by=CLERK, via="phone")
    desk.carry(desk.step("reply", by_phone, data=FINISHED, evidence=dict.fromkeys(desk.numbers, (PHOTO,))))
    all_of_them = tuple(desk.numbers)
    assert codes(desk.carry(desk.step("verify", CLERK, items=all_of_them))) == {"second_inspector", "not_on_site"}
    on_site = Hand(actor=CLERK, via="in-person")
    second = {"second_inspector": DEPUTY}
    assert isinstance(desk.carry(desk.step("verify", on_site, items=all_of_them, data=second)), list)


def test_voiding() -> None:
    """A draft is withdrawn; a number once taken is kept; what is under way is taken back first; a reason is needed."""
    desk = Desk().until()
    assert codes(desk.step("void", SAFETY)) == {"field_missing"}
    desk.carry(desk.step("void", SAFETY, reason="写错单位"))
    assert desk.items[0].paper.status == "withdrawn"
    signed = Desk().until("sign")
    signed.carry(signed.step("void", SAFETY, reason="写错单位"))
    paper = signed.items[0].paper
    assert (paper.status, paper.number, paper.reason) == ("void", "rectification_notice〔2024〕1号", "写错单位")
    assert isinstance(signed.draft(), Plan)
    served = Desk().until("sign", "serve")
    assert codes(served.step("void", SAFETY, reason="写错单位")) == {"under_way"}
    for number in served.numbers:
        done(served.world.act(number, "recall", SAFETY, reason="写错单位"))
    assert isinstance(served.carry(served.step("void", SAFETY, reason="写错单位")), list)


def test_a_correction_after_issue_takes_a_notice_of_its_own() -> None:
    """Before signing nothing is out; afterwards one draft takes up all corrections until it is signed."""
    desk = Desk(2).until()
    one = desk.numbers[0]
    done(desk.world.amend(one, SAFETY, reason="写错", place="综合楼"))
    assert len(desk.world.cases[one].documents) == 1
    desk.carry(desk.step("sign", LEADER))
    answer = done(desk.world.amend(one, SAFETY, reason="写错", place="教学楼"))
    (notice,) = answer.documents
    assert (notice.kind, notice.status, notice.corrects, notice.signer) == (
        "correction_notice",
        "draft",
        "W1",
        "signatory",
    )
    assert done(desk.world.amend(one, SAFETY, reason="写错", description="三处堆物")).documents == ()
    assert done(desk.world.amend(one, SAFETY, reason="补记", funds=3)).documents == ()


def test_a_town_signs_its_own_notices() -> None:
    """What the town's central school inspected is signed by its head, not by the bureau."""
    desk = Desk(1)
    desk.numbers = [hazard(desk.world, by=SUPERVISOR, source="town")]
    desk.carry(desk.draft(by=SUPERVISOR))
    assert codes(desk.carry(desk.step("sign", LEADER))) == {"role_missing"}
    assert isinstance(desk.carry(desk.step("sign", "town1-head")), list)


def test_a_restricted_hazard_goes_alone() -> None:
    """It is not put on one paper with others."""
    desk = Desk(1)
    desk.numbers.append(hazard(desk.world, by=SAFETY, category="dispute"))
    assert "restricted" in codes(desk.draft())


def test_closed_items_are_no_obstacle_to_the_others() -> None:
    """A hazard that was dismissed meanwhile is passed over when the paper is served."""
    desk = Desk(2).until("sign")
    done(desk.world.act(desk.numbers[0], "dismiss", SAFETY, reason="不属实"))
    desk.carry(desk.step("serve", SAFETY))
    assert desk.states() == ["unfounded", "assigned"]


def test_forms_need_what_they_are_about() -> None:
    """An extension's form needs the request, a close-out's form a hazard that passed; others are not drafted by hand."""
    desk = Desk(1).until("sign", "serve", "acknowledge")
    snapshot = desk.world.snapshot(desk.numbers[0])
    order, day = Order(hand=Hand(actor=SAFETY)), local_day(desk.world.now)
    assert codes(drafting.draft("extension_form", "W3", [snapshot], order, day)) == {"no_request"}
    assert codes(drafting.draft("closeout_form", "W3", [snapshot], order, day)) == {"wrong_state"}
    assert codes(drafting.draft("listing_notice", "W3", [snapshot], order, day)) == {"paper_unknown"}
    desk.world.advance_to(at("2024-09-03"))
    extension = {"reason": "等料", "new_due_on": "2024-10-20", "interim": "值守"}
    done(desk.world.ask(desk.numbers[0], "extension", HEAD, **extension))
    plan = drafting.draft("extension_form", "W3", [desk.world.snapshot(desk.numbers[0])], order, day)
    assert isinstance(plan, Plan)


def test_what_was_changed_since_the_draft_is_seen_when_it_is_signed_and_served() -> None:
    """A hazard that now belongs to another unit, or became restricted, is named before the paper goes out."""
    moved = Desk().until()
    done(moved.world.amend(moved.numbers[1], SAFETY, reason="登记错", responsible_unit="town1_school1"))
    refusal = moved.step("sign", LEADER)
    assert codes(refusal) == {"two_units"}
    assert isinstance(refusal, Refusal)
    assert "第 2 项" in refusal.reasons[0].message
    signed = Desk().until("sign")
    done(signed.world.amend(signed.numbers[1], SAFETY, reason="登记错", responsible_unit="town1_school1"))
    assert codes(signed.step("serve", SAFETY)) == {"two_units"}
    secret = Desk().until("sign")
    done(secret.world.amend(secret.numbers[0], SAFETY, reason="更正", category="bullying"))
    assert codes(secret.step("serve", SAFETY)) == {"restricted"}
    alone = Desk(1).until("sign")
    done(alone.world.amend(alone.numbers[0], SAFETY, reason="更正", category="bullying"))
    assert isinstance(alone.step("serve", SAFETY), Plan)


def test_a_voided_opinion_is_drawn_up_again() -> None:
    """What was re-inspected may have its opinion drafted anew once the first is void, not before."""
    desk = Desk(2).until("sign", "serve", "acknowledge", "reply")
    desk.carry(desk.step("verify", CLERK, items=tuple(desk.numbers)))

    def again() -> Plan | Refusal:
        snapshots = [desk.world.snapshot(n) for n in desk.numbers]
        order = Order(hand=Hand(actor=CLERK))
        return drafting.draft("verification_opinion", "W3", snapshots, order, local_day(desk.world.now))

    assert "paper_unknown" in codes(again())
    opinion = items_of(map(desk.world.snapshot, desk.numbers), "W2")
    void = papers.step("void", opinion, Order(hand=Hand(actor=SAFETY), reason="写错"), local_day(desk.world.now))
    assert isinstance(desk.carry(void), list)
    plan = again()
    assert isinstance(plan, Plan)
    assert (plan.paper.kind, plan.paper.corrects) == ("verification_opinion", "W1")
    assert isinstance(desk.carry(plan), list)
    assert "on_paper" in codes(again())


def test_an_opinion_may_be_signed_when_its_items_are_closed() -> None:
    """It states what was; a notice over what is closed is still refused."""
    desk = Desk(2).until("sign", "serve", "acknowledge", "reply")
    desk.carry(desk.step("verify", CLERK, items=tuple(desk.numbers)))
    for number in desk.numbers:
        done(desk.world.act(number, "close", DEPUTY))
    opinion = items_of(map(desk.world.snapshot, desk.numbers), "W2")
    plan = papers.step("sign", opinion, Order(hand=Hand(actor=CLERK)), local_day(desk.world.now))
    assert isinstance(plan, Plan)
    assert isinstance(desk.carry(plan), list)
    assert items_of(map(desk.world.snapshot, desk.numbers), "W2")[0].paper.status == "signed"


def test_who_signs_is_named_to_who_may_not() -> None:
    """The refusal says whose signature it takes, and how one given on paper is entered."""
    desk = Desk(2).until()
    answer = desk.carry(desk.step("sign", SAFETY))
    assert isinstance(answer, Refusal)
    assert "由 区教育局分管副局长 签发；已在纸上签了的" in answer.reasons[0].message

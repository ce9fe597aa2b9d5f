"""When nobody need be told any more of a step of a paper."""

from __future__ import annotations

import pytest

from rectiflow.engine.paper_letters import no_longer, paper_named, told_of
from rectiflow.engine.stimulus import Hand
from support.district import CLERK, HEAD, LEADER, PHOTO, RECTIFIER, SAFETY
from support.paper_desk import FINISHED, Desk


def waiting(desk: Desk, step: str) -> str | None:
    """Judge the message by which a step was told, by its key as it was written."""
    messages = desk.world.cases[desk.numbers[0]].messages
    (told, *_) = [t for key in messages if (t := told_of(key)) is not None and t.step == step]
    assert told.paper == "W1"
    return no_longer(told.step, desk.items)


def test_a_draft_waits_for_its_signature_and_a_signed_paper_to_be_served() -> None:
    """Until the next step is taken."""
    desk = Desk(1).until()
    assert waiting(desk, "draft") is None
    desk.carry(desk.step("sign", LEADER))
    assert "已办到下一步" in str(waiting(desk, "draft"))
    assert waiting(desk, "sign") is None
    desk.carry(desk.step("serve", SAFETY))
    assert "已办到下一步" in str(waiting(desk, "sign"))


def test_a_served_notice_is_told_until_its_last_hazard_is_handed_in() -> None:
    """A signature does not end it: what is to be done is not done."""
    desk = Desk(2).until("sign", "serve", "acknowledge")
    assert waiting(desk, "serve") is None
    one, two = desk.numbers
    given = {"data": FINISHED, "evidence": {one: (PHOTO,), two: (PHOTO,)}}
    desk.carry(desk.step("reply", RECTIFIER, items=(one,), **given))
    assert waiting(desk, "serve") is None
    desk.carry(desk.step("reply", RECTIFIER, items=(two,), **given))
    assert "都已提交、办结或撤下" in str(waiting(desk, "serve"))


def test_what_failed_is_to_be_done_again() -> None:
    """Then the notice says it again."""
    desk = Desk(1).until("sign", "serve", "acknowledge", "reply")
    (one,) = desk.numbers
    failed = {one: {"reason": "未清完", "due_on": "2024-09-30"}}
    desk.carry(desk.step("verify", CLERK, failed=(one,), each=failed))
    assert waiting(desk, "serve") is None


@pytest.mark.parametrize("steps", [(), ("sign",)], ids=["draft", "signed"])
def test_nobody_is_asked_about_a_paper_that_was_withdrawn(steps: tuple[str, ...]) -> None:
    """What asked for its next step is over, that it was withdrawn is not."""
    desk = Desk(1).until(*steps)
    desk.carry(desk.step("void", SAFETY, reason="写错"))
    assert "已撤稿或作废" in str(waiting(desk, "draft"))
    assert no_longer("void", desk.items) is None


def test_what_was_done_is_told_whatever_follows() -> None:
    """A receipt or an opinion says what has happened."""
    desk = Desk(1).until("sign", "serve")
    desk.carry(desk.step("acknowledge", Hand(actor=HEAD)))
    assert waiting(desk, "acknowledge") is None
    assert no_longer("serve", ()) is None


def test_the_key_of_a_message_names_its_paper() -> None:
    """Of these steps only, where some are asked for."""
    key = "LZH-2024-000001:paper:LZH-W2024-0003:serve:2:person-1"
    assert paper_named(key) == "LZH-W2024-0003"
    assert paper_named(key, ("serve",)) == "LZH-W2024-0003"
    assert paper_named(key, ("sign",)) is None
    assert paper_named("LZH-2024-000001:assign:2:person-1") is None

"""An answer that comes twice, or while the process dies, is carried out once."""

from __future__ import annotations

import dataclasses
from email import message_from_bytes
from email.policy import default

import pytest

from rectiflow._answers import receive_mail, receive_sms
from rectiflow._answers.listing import letter
from rectiflow._messages import outbox
from rectiflow._workplace import Workplace
from support.answers import answer, head, mailed
from support.workplaces import assigned


def test_a_crash_between_doing_and_noting(open_place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Handed in again, the answer is found on record and not carried out a second time."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    raw = answer(mailed(place, principal, number), "配件已订", address)

    class Killed(BaseException):
        pass

    def dies(*_words: object, **_more: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("rectiflow.storage.incoming.settle", dies)
        with pytest.raises(Killed):
            receive_mail(place, raw)
    assert receive_mail(place, raw).outcome.startswith("已记为补充说明")
    assert [e.kind for e in flow.history(number)].count("remarked") == 1


def interrupted(*_words: object, **_more: object) -> None:
    """Die in the middle of it."""
    raise KeyboardInterrupt


def test_a_crash_after_a_refusal_does_not_make_it_done(open_place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was refused and kept as a remark is still refused when the mail is handed in again."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    raw = answer(mailed(place, principal, number), "整改完毕", address)
    with monkeypatch.context() as patched:
        patched.setattr("rectiflow.storage.incoming.settle", interrupted)
        with pytest.raises(KeyboardInterrupt):
            receive_mail(place, raw)
    again = receive_mail(place, raw)
    assert again.status == "waiting"
    assert "申请复查没有办成" in again.outcome
    assert [e.kind for e in flow.history(number)].count("remarked") == 1


@pytest.mark.parametrize("text", ["签收", "配件已订"])
def test_two_processes_receive_the_same_mail(open_place: Workplace, text: str) -> None:
    """Once on record, one receipt, and both say the same."""
    from concurrent.futures import ThreadPoolExecutor
    from threading import Barrier

    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    raw = answer(mailed(place, principal, number), text, address)
    before, places, start = len(flow.history(number)), [dataclasses.replace(place) for _ in range(4)], Barrier(4)

    def receive(own: Workplace) -> str:
        try:
            _ = own.flow
            start.wait()
            return receive_mail(own, raw).outcome
        finally:
            own.flow.close()

    with ThreadPoolExecutor(4) as pool:
        said = set(pool.map(receive, places))
    assert len(said) == 1, said
    assert len(flow.history(number)) == before + 1
    assert len([m for m in outbox(flow) if m.occasion == "来信回执"]) == 1


def test_two_mails_under_one_id(open_place: Workplace) -> None:
    """Both count; the same mail by another way, with other marks of the way, does not count again."""
    place, flow = open_place, open_place.flow
    principal, address = head(place)
    (number,) = assigned(place, 1)
    mail = mailed(place, principal, number)
    first, second = (answer(mail, text, address) for text in ("配件已订", "配件已到"))
    identity = str(message_from_bytes(first, policy=default)["Message-ID"]).encode()
    own = str(message_from_bytes(second, policy=default)["Message-ID"]).encode()
    assert not receive_mail(place, first).again
    assert not receive_mail(place, second.replace(own, identity)).again
    assert [e.kind for e in flow.history(number)].count("remarked") == 2
    other_way = b"Received: from mx.school.example\r\n" + first.replace(b"\r\n", b"\n")
    assert receive_mail(place, other_way).again


def test_ids_are_long_and_written_short(open_place: Workplace) -> None:
    """Sixteen digits, so that no letter takes another's place; the first few are enough to name one."""
    place = open_place
    found = receive_sms(place, "13900000000", "你好")
    assert len(found.id) == 16
    assert letter(place.flow, found.id[:6]).id == found.id

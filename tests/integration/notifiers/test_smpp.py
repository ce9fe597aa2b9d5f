"""Short messages over SMPP 3.4 to a message centre, well-behaved and not."""

from __future__ import annotations

import asyncio
import gc
import logging
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from rectiflow.notifiers import (
    About,
    ChannelDown,
    ChannelNotConfigured,
    Given,
    PermanentFailure,
    Rendered,
    TemporaryFailure,
    Unanswered,
)
from rectiflow.notifiers.receipts import Receipt, SmsReply
from rectiflow.notifiers.smpp import SmppChannel, channel
from support.channel_contract import RefusingContract, composed, handed_over
from support.smsc import LOOPBACK, PASSWORD, SYSTEM_ID, MessageCentre, RunningCentre, receipt_text, running_centre

NOW = datetime(2024, 11, 4, 1, 30, tzinfo=UTC)
LONG = "【示例区教育局】第一小学教学楼二楼疏散通道堆放课桌椅😀请于2024年12月31日前整改到位，逾期将挂牌督办。" * 5
PHONE = "13800000001"

Make = Callable[..., SmppChannel]


def made(port: int, folder: Path, **given: Any) -> SmppChannel:
    """Make the channel as a settings table makes it."""
    values: dict[str, Any] = {
        "kind": "smpp",
        "host": LOOPBACK,
        "port": port,
        "system_id": SYSTEM_ID,
        "password": PASSWORD,
        "source": "10690001",
        "rate": 1000,
        "linger": 0,
        **given,
    }
    about = About(signature="示例区教育局", now=lambda: NOW, folder=folder)
    return channel(Given("短信通道（SMPP 直连）", values, folder), about)


def text(words: str, key: str = "m1", to: str = PHONE) -> Rendered:
    """Return a message in its final bytes."""
    return Rendered(channel="sms", to=to, subject=None, body=words.encode(), message_id=key)


@dataclass
class Peer:
    """The channel and its centre."""

    channel: SmppChannel
    running: RunningCentre
    secrets: tuple[str, ...] = (PASSWORD,)

    def received(self) -> int:
        """Return how many messages were taken."""
        return len(self.running.centre.submitted)

    def refuse_for_now(self) -> None:
        """Say that we are too fast."""
        self.running.centre.status = 0x58

    def refuse_for_good(self) -> None:
        """Say that the number is none."""
        self.running.centre.status = 0x0B

    def hang_up_once(self) -> None:
        """Hang up on the next one."""
        self.running.centre.drop_after = 0

    def go_away(self) -> None:
        """Hang up, and listen no more."""
        self.running.stop()


@pytest.fixture
def running() -> Iterator[RunningCentre]:
    """A centre on loopback; whatever a channel leaves unclosed is found at its end."""
    with running_centre() as centre:
        yield centre
    gc.collect()


@pytest.fixture
def centre(running: RunningCentre) -> MessageCentre:
    """What it took, and how it behaves."""
    return running.centre


@pytest.fixture
def make(centre: MessageCentre, tmp_path: Path) -> Make:
    """Make a channel to the centre."""

    def make(**given: Any) -> SmppChannel:
        return made(given.pop("port", centre.port), tmp_path, **given)

    return make


class TestContract(RefusingContract):
    """What every channel promises."""

    @pytest.fixture
    def peer(self, make: Make, running: RunningCentre) -> Peer:
        """The centre behind the channel."""
        return Peer(make(), running)


@dataclass
class Heard:
    """Collects what the channel hands on."""

    receipts: list[Receipt] = field(default_factory=list[Receipt])
    replies: list[SmsReply] = field(default_factory=list[SmsReply])

    def listen(self, smpp: SmppChannel) -> None:
        """Ask the channel for everything."""
        smpp.on_receipt, smpp.on_reply = self.receipts.append, self.replies.append


async def _until(true: Callable[[], object]) -> None:
    for _ in range(500):
        if true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never happened")


def test_one_login_for_a_batch(make: Make, centre: MessageCentre) -> None:
    """Twenty messages at once: one connection, one login, one goodbye, an id each, and no more open than the window."""
    centre.slow = 0.01
    answers = handed_over(make(system_type="SMS", window=4), *(text(f"第{n}条", str(n)) for n in range(20)))
    assert sorted(answers) == [f"SMPP id {n:08X}" for n in range(1, 21)]
    assert (centre.connections, centre.binds, centre.unbinds, centre.most_open) == (1, ["SMS"], 1, 4)
    assert sorted(centre.texts()) == sorted(f"第{n}条" for n in range(20))


def test_numbers_and_types(make: Make, centre: MessageCentre) -> None:
    """Source and destination go as the settings want them; a number that has its country keeps it."""
    smpp = make(source="Jiaoyuju", source_ton=5, source_npi=0, prefix="86", destination_ton=1, destination_npi=1)
    handed_over(smpp, text("甲"), text("乙", to="+86 138-0000-0001"))
    for one in centre.submitted:
        assert (one.source, one.source_ton, one.source_npi) == ("Jiaoyuju", 5, 0)
        assert (one.phone, one.ton, one.npi, one.receipt) == ("8613800000001", 1, 1, False)


@pytest.mark.parametrize("long", ["payload", "parts"])
def test_a_long_text_arrives_whole(long: str, make: Make, centre: MessageCentre) -> None:
    """More than 200 characters with emoji, two of them to the same person at once, each with the ids of its parts."""
    assert len(LONG) > 200
    answers = handed_over(make(long=long), text(LONG, "m1"), text(LONG[::-1], "m2"))
    assert sorted(centre.texts()) == sorted([LONG, LONG[::-1]])
    ids = [id_ for answer in answers for id_ in answer.removeprefix("SMPP id ").split(",")]
    assert sorted(ids) == sorted(one.id for one in centre.submitted)
    assert all(one.in_payload == (long == "payload") for one in centre.submitted)


def test_a_retry_has_the_same_parts(make: Make, centre: MessageCentre) -> None:
    """A telephone that got some of the parts already can join the rest to them."""
    smpp = make(long="parts")
    for _ in range(2):
        handed_over(smpp, text(LONG))
    parts = [one.part for one in centre.submitted]
    half = len(parts) // 2
    assert parts[:half] == parts[half:]


def test_the_composed_message_is_signed(make: Make, centre: MessageCentre) -> None:
    """What arrives begins with 【signature】."""
    handed_over(make(), composed(make()))
    assert centre.texts()[0].startswith("【示例区教育局】")


def test_a_wrong_password(make: Make, centre: MessageCentre, caplog: pytest.LogCaptureFixture) -> None:
    """The channel is down with the operator's status; one try for the whole batch, and the word is nowhere."""
    caplog.set_level(logging.DEBUG)
    smpp = make(password="falsch!")
    failures = _failures(smpp, *(text("甲", str(n)) for n in range(5)))
    assert {type(exc) for exc in failures} == {ChannelDown}
    assert {exc.code for exc in failures} == {0x0E}
    assert "口令错误），请核对口令" in str(failures[0])
    assert "falsch!" not in caplog.text + repr(smpp) + "".join(map(str, failures))
    assert (centre.connections, centre.submitted) == (1, [])


@pytest.mark.parametrize("status", [0x05, 0x08, 0x0D, 0x0F, 0x0401])
def test_a_refused_login(status: int, make: Make, centre: MessageCentre) -> None:
    """Whatever the reason, also one of the operator's own, nothing gets through now; the next batch tries again."""
    smpp = make()
    centre.bind_status = status
    (failure,) = _failures(smpp, text("甲"))
    assert (type(failure), failure.code) == (ChannelDown, status)
    centre.bind_status = 0
    assert handed_over(smpp, text("甲"))


def test_an_unknown_status_is_worth_another_try(make: Make, centre: MessageCentre) -> None:
    """An operator's own code neither ends the connection nor the message, and the number is masked."""
    smpp = make()
    centre.status = 0x0401
    failures = _failures(smpp, text("甲"), text("乙", "m2"))
    assert [(type(exc), exc.code) for exc in failures] == [(TemporaryFailure, 0x0401)] * 2
    assert "138****0001" in str(failures[0])
    assert PHONE not in str(failures[0])
    assert (centre.connections, centre.unbinds) == (1, 1)


def test_a_setting_that_is_refused_stops_the_channel(make: Make, centre: MessageCentre) -> None:
    """A sender the operator does not know is no fault of the message."""
    centre.status = 0x0A
    (failure,) = _failures(make(), text("甲"))
    assert type(failure) is ChannelDown
    assert "source" in str(failure)


@pytest.mark.parametrize("to", ["", "办公室", "12", "1" * 30, "138000000011380000001"])
def test_what_is_no_number(to: str, make: Make, centre: MessageCentre) -> None:
    """It is said without asking anybody."""
    (failure,) = _failures(make(), text("甲", to=to))
    assert type(failure) is PermanentFailure
    assert centre.connections == 0


def test_a_text_that_is_too_long(make: Make, centre: MessageCentre) -> None:
    """It will never go."""
    (failure,) = _failures(make(long="parts"), text("整改" * 9000))
    assert type(failure) is PermanentFailure
    assert "最多 255 条" in str(failure)
    assert centre.connections == 0


def test_a_centre_that_stops_answering(make: Make, centre: MessageCentre) -> None:
    """Two are taken; what became of the others nobody knows, and who came after them logs in anew."""
    centre.silent_after = 2
    failures = _failures(make(timeout=1, window=1), *(text("甲", str(n)) for n in range(4)))
    assert [type(exc) for exc in failures] == [Unanswered] * 2
    assert "没有及时应答，不知道收没收到" in str(failures[0])
    assert (len(centre.submitted), centre.connections) == (2, 2)


def test_one_answer_that_is_missing(make: Make, centre: MessageCentre) -> None:
    """A message without an answer takes no other with it: where the centre goes on speaking, the connection stays."""
    smpp = make(timeout=1)

    async def batch() -> tuple[object, str]:
        await smpp.open()
        centre.silent_after = 0
        lost = asyncio.create_task(smpp.send(text("甲", "1")))
        await _until(lambda: centre.silent_after == -1)
        centre.silent_after = None
        answer = await smpp.send(text("乙", "2"))
        (ended,) = await asyncio.gather(lost, return_exceptions=True)
        await smpp.send(text("丙", "3"))
        await smpp.close()
        return ended, answer

    ended, answer = asyncio.run(batch())
    assert (type(ended), answer) == (Unanswered, "SMPP id 00000001")
    assert (centre.texts(), centre.connections) == (["乙", "丙"], 1)


def test_a_port_that_says_nothing(silent_port: int, tmp_path: Path) -> None:
    """The login is waited for as long as the settings say, with TLS too."""
    for tls in (False, True):
        (failure,) = _failures(made(silent_port, tmp_path, timeout=1, tls=tls), text("甲"))
        assert type(failure) is ChannelDown
        assert "没有及时应答登录" in str(failure)
    gc.collect()


def test_a_port_without_anybody(closed_port: int, tmp_path: Path) -> None:
    """It says where, and what to look at."""
    (failure,) = _failures(made(closed_port, tmp_path), text("甲"))
    assert type(failure) is ChannelDown
    assert f"连接不上短信网关 {LOOPBACK}:{closed_port}" in str(failure)


def test_a_connection_that_drops(make: Make, centre: MessageCentre) -> None:
    """What was under way is not handed over again at once, for it may have been taken; the others go over a new one."""
    centre.drop_after = 3
    failures = _failures(make(window=1), *(text(f"第{n}条", str(n)) for n in range(8)))
    assert [type(exc) for exc in failures] == [Unanswered]
    assert "中断了连接（连接已断开），不知道收没收到" in str(failures[0])
    assert centre.texts() == [f"第{n}条" for n in range(8) if n != 3]
    assert (centre.connections, centre.unbinds) == (2, 1)


def test_parts_go_on_over_a_new_connection(make: Make, centre: MessageCentre) -> None:
    """Where the centre ends the session between two parts, the rest follows; no part goes twice."""
    centre.log_out_after = 1
    (answer,) = handed_over(make(long="parts", rate=20), text(LONG))
    assert centre.texts() == [LONG]
    assert answer == f"SMPP id {','.join(one.id for one in centre.submitted)}"
    assert centre.connections == 2


@pytest.mark.parametrize("ending", ["silent_after", "drop_after", "login"])
def test_parts_of_which_some_were_handed_over(ending: str, make: Make, centre: MessageCentre) -> None:
    """Once a part was taken, whatever happens to the next, another try may bring a second copy."""
    if ending == "login":
        centre.log_out_after, centre.binds_left = 1, 1
    else:
        setattr(centre, ending, 1)
    (failure,) = _failures(make(long="parts", rate=20, timeout=1), text(LONG))
    assert type(failure) is Unanswered
    assert "再发可能重复" in str(failure)
    assert len(centre.submitted) == 1


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\0\0\0" * 4])
def test_a_centre_that_speaks_something_else(said: bytes, make: Make, centre: MessageCentre) -> None:
    """It is hung up on, and what became of the message nobody knows."""
    centre.raw_answer = said
    (failure,) = _failures(make(), text("甲"))
    assert type(failure) is Unanswered
    assert "不合 SMPP 3.4" in str(failure)
    assert centre.connections == 1


def test_receipts(make: Make, centre: MessageCentre) -> None:
    """What became of each part is handed on with the id that the answer to the message has."""
    heard, smpp = Heard(), make(long="parts", linger=1)
    heard.listen(smpp)
    centre.receipt = "DELIVRD"
    (answer,) = handed_over(smpp, text(LONG))
    assert f"SMPP id {','.join(receipt.vendor_id for receipt in heard.receipts)}" == answer
    first = heard.receipts[0]
    assert (first.phone, first.delivered, first.code) == (PHONE, True, "DELIVRD")
    assert first.at == datetime(2024, 11, 4, 1, 31, tzinfo=UTC)
    assert {status for _, status in centre.answers} == {0}


def test_nobody_wants_receipts(make: Make, centre: MessageCentre) -> None:
    """They are not asked for, then or when the settings say so, and what comes all the same is acknowledged."""
    handed_over(make(), text("甲"))
    heard, smpp = Heard(), make(receipts=False)
    heard.listen(smpp)
    handed_over(smpp, text("甲"))
    assert [one.receipt for one in centre.submitted] == [False, False]


def test_what_arrives_in_a_batch(make: Make, running: RunningCentre) -> None:
    """A person's answer, short, long and in a part; a failed receipt; an operator's question whether we live."""
    heard, smpp = Heard(), make()
    heard.listen(smpp)

    async def batch() -> None:
        await smpp.open()
        await smpp.send(text("甲"))
        running.deliver(PHONE, "已整改😀")
        running.deliver(PHONE, "OK")
        running.deliver(PHONE, LONG)
        running.deliver(PHONE, "一半", header=b"\5\0\3\1\2\1")
        running.deliver(PHONE, receipt_text("A1", "UNDELIV", "011"), esm_class=0x04)
        running.deliver(PHONE, receipt_text("A1", "ENROUTE"), esm_class=0x04)
        running.deliver(PHONE, "read", esm_class=0x08)
        running.request(0x15)
        running.request(0x0103)
        await _until(lambda: len(running.centre.answers) == 9)
        await smpp.send(text("乙", "m2"))
        await smpp.close()

    asyncio.run(batch())
    assert [reply.text for reply in heard.replies] == ["已整改😀", "OK", LONG, "一半"]
    assert {(reply.phone, reply.at) for reply in heard.replies} == {(PHONE, None)}
    assert [(receipt.vendor_id, receipt.code) for receipt in heard.receipts] == [("A1", "UNDELIV 011")]
    assert running.centre.answers == [(0x80000005, 0)] * 7 + [(0x80000015, 0), (0x80000000, 3)]
    assert running.centre.connections == 1


def test_what_cannot_be_kept_is_delivered_again(make: Make, running: RunningCentre) -> None:
    """A reply that could not be written down is not acknowledged, one that cannot be read never comes again."""

    def fails(_: object) -> None:
        raise OSError("disk full")

    smpp = make()
    smpp.on_reply = fails

    async def batch() -> None:
        await smpp.open()
        await smpp.send(text("甲"))
        running.deliver(PHONE, "已整改")
        running.request(0x05, b"\0\1")
        await _until(lambda: len(running.centre.answers) == 2)
        await smpp.close()

    asyncio.run(batch())
    assert running.centre.answers == [(0x80000005, 0x64), (0x80000005, 0x65)]


def test_the_centre_ends_the_session(make: Make, running: RunningCentre) -> None:
    """It is answered, and the next message logs in again."""

    async def batch() -> None:
        smpp = make()
        await smpp.open()
        await smpp.send(text("甲", "1"))
        running.request(0x06)
        await _until(lambda: running.centre.answers)
        await smpp.send(text("乙", "2"))
        await smpp.close()

    asyncio.run(batch())
    assert running.centre.answers == [(0x80000006, 0)]
    assert (running.centre.connections, running.centre.texts()) == (2, ["甲", "乙"])


def test_the_rate_is_kept(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part counts: of one message in ten seconds the second waits ten, and the third twenty."""
    waits, sleep = list[float](), asyncio.sleep

    async def noted(seconds: float) -> None:
        waits.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", noted)
    handed_over(make(rate=0.1), *(text("甲", str(n)) for n in range(3)))
    assert [round(seconds, -1) for seconds in waits if seconds > 1] == [10, 20]


def test_an_encrypted_connection(tmp_path: Path) -> None:
    """With the authority's file messages arrive; without it the certificate is not trusted."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(LOOPBACK).configure_cert(context)
    with running_centre(context) as running:
        port = running.centre.port
        assert handed_over(made(port, tmp_path, tls=True, ca_file="ca.pem"), text("甲"))
        (failure,) = _failures(made(port, tmp_path, tls=True), text("甲"))
        assert "证书不可信，请指定 ca_file" in str(failure)
        (failure,) = _failures(made(port, tmp_path, timeout=2), text("甲"))
        assert type(failure) is ChannelDown
    gc.collect()


def test_a_certificate_that_has_expired(tmp_path: Path) -> None:
    """Told as that, with what to do; the message is kept, and nothing was said to the stranger."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(LOOPBACK, not_after=datetime(2024, 1, 1, tzinfo=UTC)).configure_cert(context)
    with running_centre(context) as running:
        smpp = made(running.centre.port, tmp_path, tls=True, ca_file="ca.pem")
        (failure,) = _failures(smpp, text("甲"))
        assert type(failure) is ChannelDown
        assert "的证书已过期，请联系短信服务商，并核对本机日期；消息已保留" in str(failure)
        with pytest.raises(ChannelDown, match="证书已过期"):
            asyncio.run(smpp.listen(5))
        assert (running.centre.binds, running.centre.submitted) == ([], [])
    gc.collect()


def test_listening_without_sending(make: Make, running: RunningCentre) -> None:
    """What the operator kept is delivered after the login, acknowledged, and then we log out; nothing was sent."""
    heard, smpp = Heard(), make()
    heard.listen(smpp)

    async def quiet() -> None:
        listening = asyncio.create_task(smpp.listen(60))
        await _until(lambda: running.centre.binds)
        running.deliver(PHONE, "已整改")
        running.deliver(PHONE, receipt_text("A1", "UNDELIV", "011"), esm_class=0x04)
        await _until(lambda: len(running.centre.answers) == 2)
        running.request(0x06)  # the operator logs us out: there is nothing more to hear
        await listening
        await smpp.listen(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(quiet())
    assert [reply.text for reply in heard.replies] == ["已整改"]
    assert [receipt.vendor_id for receipt in heard.receipts] == ["A1"]
    assert (running.centre.connections, running.centre.unbinds, running.centre.submitted) == (2, 1, [])


def test_listening_while_somebody_else_is_logged_in(make: Make, centre: MessageCentre, closed_port: int) -> None:
    """Where an operator allows one login, who has it hears; every other refusal is told."""
    smpp = make()
    centre.bind_status = 0x05
    asyncio.run(smpp.listen(60))
    centre.bind_status = 0x0E
    with pytest.raises(ChannelDown, match="口令错误"):
        asyncio.run(smpp.listen(60))
    with pytest.raises(ChannelDown, match="连接不上短信网关"):
        asyncio.run(make(port=closed_port).listen(60))
    centre.bind_status = 0
    assert handed_over(smpp, text("甲"))


def test_a_centre_without_encryption(make: Make) -> None:
    """A TLS greeting is answered with nothing that is TLS."""
    (failure,) = _failures(make(tls=True, timeout=2), text("甲"))
    assert type(failure) is ChannelDown


def test_a_batch_that_is_given_up(make: Make, centre: MessageCentre) -> None:
    """A message cancelled while it waits for its answer leaves nothing behind."""
    centre.silent_after = 0

    async def batch() -> None:
        smpp = make()
        await smpp.open()
        sending = asyncio.create_task(smpp.send(text("甲")))
        await _until(lambda: centre.silent_after == -1)
        sending.cancel()
        await asyncio.wait((sending,))
        await smpp.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(batch())


def test_settings_that_cannot_work(tmp_path: Path) -> None:
    """All problems at once, and not the secret."""
    with pytest.raises(ChannelNotConfigured) as failed:
        made(
            0, tmp_path, host="", system_id="x" * 16, password="口令", source="教育局", prefix="+86", long="sar", bind=1
        )
    told = str(failed.value)
    wanted = ("没有填写 host", "port 应是", "system_id 最多 15", "只能是英文", "prefix", "long 应是", "名为 bind")
    assert [words for words in wanted if words not in told] == []
    with pytest.raises(ChannelNotConfigured, match=r"没有证书文件.*ca\.pem"):
        made(2775, tmp_path, ca_file="ca.pem")


def test_a_password_from_a_file(centre: MessageCentre, tmp_path: Path) -> None:
    """The secret may lie in a file outside the settings."""
    (tmp_path / "smpp.secret").write_text(f"{PASSWORD}\n", "utf-8")
    assert handed_over(made(centre.port, tmp_path, password=None, password_file="smpp.secret"), text("甲"))


def _failures(smpp: SmppChannel, *messages: Rendered) -> list[TemporaryFailure | PermanentFailure]:
    """Send in one batch, and return what failed."""

    async def batch() -> list[str | BaseException]:
        await smpp.open()
        try:
            return await asyncio.gather(*map(smpp.send, messages), return_exceptions=True)
        finally:
            await smpp.close()
            assert asyncio.all_tasks() == {asyncio.current_task()}

    ended = asyncio.run(batch())
    assert not [one for one in ended if not isinstance(one, (str, TemporaryFailure, PermanentFailure))]
    return [one for one in ended if isinstance(one, (TemporaryFailure, PermanentFailure))]

"""A message centre that somebody else wrote takes our short messages (the npm package smpp)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rectiflow.notifiers import About, ChannelDown, Given, PermanentFailure, Rendered, TemporaryFailure
from rectiflow.notifiers.receipts import Receipt, SmsReply
from rectiflow.notifiers.smpp import SmppChannel, channel
from support.channel_contract import handed_over
from support.npm_smpp import NpmCentre, Seen, installed, running

PASSWORD = "geheim7!"
NOW = datetime(2024, 11, 4, 1, 30, tzinfo=UTC)
SHORT = "【示例区教育局】请于12月31日前整改😀"
LONG = "【示例区教育局】第一小学教学楼二楼疏散通道堆放课桌椅😀请于2024年12月31日前整改到位，逾期将挂牌督办。" * 5

Make = Callable[..., SmppChannel]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The server with the package it needs."""
    return installed(tmp_path_factory.mktemp("smpp"))


@pytest.fixture
def centre(server: Path) -> Iterator[NpmCentre]:
    """The server, running."""
    with running(server, PASSWORD) as centre:
        yield centre


@pytest.fixture
def make(centre: NpmCentre, tmp_path: Path) -> Make:
    """Make a channel to it."""

    def make(**given: Any) -> SmppChannel:
        values: dict[str, Any] = {"host": "127.0.0.1", "port": centre.port, "system_id": "bureau", "password": PASSWORD}
        values |= {"system_type": "SMS", "source": "10690001", "source_ton": 3, "source_npi": 1}
        values |= {"destination_ton": 1, "destination_npi": 1, "rate": 1000, **given}
        about = About(signature="示例区教育局", now=lambda: NOW, folder=tmp_path)
        return channel(Given("短信通道（SMPP 直连）", values, tmp_path), about)

    return make


def _text(words: str, to: str = "13800000001", key: str = "m1") -> Rendered:
    return Rendered(channel="sms", to=to, subject=None, body=words.encode(), message_id=key)


def test_a_short_message(make: Make, centre: NpmCentre) -> None:
    """It logs us in, takes the text whole with both numbers and their types, and sees us leave."""
    assert handed_over(make(), _text(SHORT)) == ["SMPP id npm-1"]
    centre.wait_for(lambda seen: "unbind" in seen)
    (bound,) = centre.all("bind")
    assert bound == {"bind": "bureau", "system_type": "SMS", "version": 0x34, "known": True}
    (taken,) = centre.all("submit")
    assert (taken["text"], taken["coding"], taken["udh"], taken["payload"]) == (SHORT, 8, [], False)
    assert (taken["from"], taken["to"]) == (["10690001", 3, 1], ["13800000001", 1, 1])
    assert centre.all("error") == []


def test_a_long_message_in_one(make: Make, centre: NpmCentre) -> None:
    """message_payload has the whole text."""
    handed_over(make(long="payload"), _text(LONG))
    taken = centre.wait_for(lambda seen: "submit" in seen)
    assert (taken["text"], taken["payload"]) == (LONG, True)


def test_a_long_message_in_parts(make: Make, centre: NpmCentre) -> None:
    """Each part has the header that says which of how many it is; joined they are the text."""
    (answer,) = handed_over(make(long="parts"), _text(LONG))
    centre.wait_for(lambda seen: "unbind" in seen)
    taken: list[Seen] = centre.all("submit")
    assert answer == f"SMPP id {','.join(one['submit'] for one in taken)}"
    headers = [bytes.fromhex(header) for one in taken for header in one["udh"]]
    assert [(header[0], header[3], header[4]) for header in headers] == [
        (0, len(taken), place) for place in range(1, len(taken) + 1)
    ]
    assert len({header[2] for header in headers}) == 1
    assert "".join(one["text"] for one in taken) == LONG


def test_what_it_refuses(make: Make, centre: NpmCentre) -> None:
    """Too fast is worth another try, a number that is none never; the session goes on."""
    with pytest.raises(TemporaryFailure, match="ESME_RTHROTTLED"):
        handed_over(make(), _text(SHORT, to="13800000058"))
    with pytest.raises(PermanentFailure, match="接收号码无效"):
        handed_over(make(), _text(SHORT, to="13800000011"))
    assert centre.all("error") == []


def test_a_wrong_password(make: Make, centre: NpmCentre) -> None:
    """The channel is down."""
    with pytest.raises(ChannelDown, match="口令错误"):
        handed_over(make(password="falsch!"), _text(SHORT))
    assert centre.wait_for(lambda seen: "bind" in seen)["known"] is False


def test_receipts_and_replies(make: Make, centre: NpmCentre) -> None:
    """What it delivers in a batch is read and acknowledged, and its question whether we live is answered."""
    receipts, replies, smpp = list[Receipt](), list[SmsReply](), make()
    smpp.on_receipt, smpp.on_reply = receipts.append, replies.append

    async def batch() -> str:
        await smpp.open()
        answer = await smpp.send(_text(SHORT))
        async with asyncio.timeout(20):
            while not (receipts and replies):
                await asyncio.sleep(0.02)
        await smpp.close()
        return answer

    answer = asyncio.run(batch())
    assert [(one.vendor_id, one.phone, one.delivered, one.code) for one in receipts] == [
        (answer.removeprefix("SMPP id "), "13800000001", True, "DELIVRD")
    ]
    assert receipts[0].at == datetime(2024, 11, 4, 1, 31, tzinfo=UTC)
    assert replies == [SmsReply(phone="13800000009", text="已整改😀", at=None, extend="")]
    centre.wait_for(lambda seen: "unbind" in seen)
    assert [seen["acknowledged"] for seen in centre.all("acknowledged")] == [0, 0]
    assert centre.all("alive") == [{"alive": "enquire_link_resp"}]

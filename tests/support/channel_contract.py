"""What every channel promises the dispatcher, as one class of tests: a channel's own tests derive from it.

The derived class gives the fixture `peer`: a real receiver on loopback (or a folder), told what to answer next.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

import pytest

from rectiflow.notifiers import (
    Channel,
    ChannelDown,
    Contact,
    DeliveryFailure,
    Message,
    PermanentFailure,
    Rendered,
    TemplateSet,
    TemporaryFailure,
    Unanswered,
    builtin_templates,
)

AT = datetime(2024, 11, 4, 1, 30, tzinfo=UTC)
CONTACT = Contact(person="officer", name="办公室主任", email="officer@school.example", phone="13800000001")
NOBODY = Contact(person="new", name="新任主任")
PARAMS = {"unit": "第一小学", "description": "教学楼二楼疏散通道堆放课桌椅", "due_on": "2024年12月31日"}
TEMPLATES = TemplateSet.load([builtin_templates()])


class ChannelPeer(Protocol):
    """A channel and the receiver it talks to, which answers as told; each telling holds until the next."""

    @property
    def channel(self) -> Channel:
        """Return the channel under test."""
        ...

    @property
    def secrets(self) -> Sequence[str]:
        """Return what may never be seen in an error or a log."""
        ...

    def received(self) -> int:
        """Return how many messages have been accepted."""
        ...

    def go_away(self) -> None:
        """Be reachable no more."""
        ...


class RefusingPeer(ChannelPeer, Protocol):
    """One whose receiver can refuse a single message."""

    def refuse_for_now(self) -> None:
        """Answer that this message may be taken later."""
        ...

    def refuse_for_good(self) -> None:
        """Answer that this message will never be taken."""
        ...

    def hang_up_once(self) -> None:
        """Read the next message to its end and hang up without a word; answer the others as before."""
        ...


def a_message(key: str = "LZH-2024-000001:2:officer", template: str = "assigned") -> Message:
    """Return a claimed row of the outbox."""
    return Message(
        id=key,
        district="420702",
        number="LZH-2024-000001",
        sequence=2,
        recipient="officer",
        template=template,
        template_version=0,
        params=PARAMS,
        created_at=AT,
    )


def composed(channel: Channel, key: str = "LZH-2024-000001:2:officer") -> Rendered:
    """Put a message into the channel's bytes."""
    return channel.compose(a_message(key), CONTACT, templates=TEMPLATES, at=AT)


def handed_over(channel: Channel, *messages: Rendered) -> list[str]:
    """Send some messages in one batch; return the answers."""

    async def batch() -> list[str]:
        await channel.open()
        try:
            return list(await asyncio.gather(*map(channel.send, messages)))
        finally:
            await channel.close()

    return asyncio.run(batch())


def answers_of(channel: Channel, count: int) -> list[str | DeliveryFailure]:
    """Send one message so many times in one batch, one after another; return what came of each."""

    async def batch() -> list[str | DeliveryFailure]:
        ended: list[str | DeliveryFailure] = []
        await channel.open()
        try:
            for _ in range(count):
                try:
                    ended.append(await channel.send(composed(channel)))
                except DeliveryFailure as exc:
                    ended.append(exc)
        finally:
            await channel.close()
        return ended

    return asyncio.run(batch())


def refusals(channel: Channel, count: int) -> list[DeliveryFailure]:
    """Send one message so many times in one batch, one after another; return why each was refused."""
    return [ended for ended in answers_of(channel, count) if isinstance(ended, DeliveryFailure)]


class ChannelContract:
    """Derive, and give the fixture `peer`."""

    def test_who_can_be_reached(self, peer: ChannelPeer) -> None:
        """Somebody with an address can, somebody without any cannot."""
        assert peer.channel.accepts(CONTACT)
        assert not peer.channel.accepts(NOBODY)

    def test_the_same_bytes_for_the_same_message(self, peer: ChannelPeer) -> None:
        """What is rendered twice is equal, and carries the channel's name and the id that lets a receiver drop a second."""
        one, two = composed(peer.channel), composed(peer.channel)
        assert one == two
        assert one.channel == peer.channel.name
        assert one.message_id
        assert composed(peer.channel, "LZH-2024-000001:3:officer").message_id != one.message_id

    def test_messages_arrive(self, peer: ChannelPeer) -> None:
        """Several at once in one batch, and again in the next; every one is answered for."""
        first = [composed(peer.channel, f"LZH-2024-00000{n}:2:officer") for n in range(1, 5)]
        answers = handed_over(peer.channel, *first)
        assert len(answers) == 4
        assert all(answers)
        assert handed_over(peer.channel, composed(peer.channel, "LZH-2024-000009:2:officer"))
        assert peer.received() == 5

    def test_the_receiver_is_away(self, peer: ChannelPeer) -> None:
        """The channel itself is at fault, nothing was handed over, and no secret stands in the error or the log."""
        peer.go_away()
        with pytest.raises(ChannelDown, match=r"[一-鿿]") as failed:
            handed_over(peer.channel, composed(peer.channel))
        assert not [s for s in peer.secrets if s in str(failed.value)]

    def test_no_secret_is_shown(self, peer: ChannelPeer, caplog: pytest.LogCaptureFixture) -> None:
        """Neither in the log of a message that went out nor in what the channel says of itself."""
        caplog.set_level(logging.DEBUG)
        handed_over(peer.channel, composed(peer.channel))
        assert not [s for s in peer.secrets if s in caplog.text + repr(peer.channel)]

    def test_closing_twice_is_no_error(self, peer: ChannelPeer) -> None:
        """A batch that never sent, and a channel that is closed again, end quietly."""

        async def ends() -> None:
            await peer.channel.open()
            await peer.channel.close()
            await peer.channel.close()

        asyncio.run(ends())


class RefusingContract(ChannelContract):
    """The same for a receiver that can refuse a single message, which a folder cannot."""

    def test_refused_for_now(self, peer: RefusingPeer) -> None:
        """It is worth another try, and says so in Chinese."""
        peer.refuse_for_now()
        with pytest.raises(TemporaryFailure, match=r"[一-鿿]"):
            handed_over(peer.channel, composed(peer.channel))
        assert peer.received() == 0

    def test_refused_for_good(self, peer: RefusingPeer) -> None:
        """No retry helps; the message says what to do."""
        peer.refuse_for_good()
        with pytest.raises(PermanentFailure, match=r"[一-鿿]"):
            handed_over(peer.channel, composed(peer.channel))
        assert peer.received() == 0

    def test_handed_over_and_not_answered_for(self, peer: RefusingPeer) -> None:
        """Nobody knows what became of it, so it is not handed over again at once; the next message goes."""
        peer.hang_up_once()
        first, second = answers_of(peer.channel, 2)
        assert type(first) is Unanswered
        assert "不知道" in str(first)
        assert not [s for s in peer.secrets if s in str(first)]
        assert isinstance(second, str)

    def test_nobody_listens(self, peer: RefusingPeer) -> None:
        """What the system says of a closed port is told in Chinese."""
        peer.go_away()
        with pytest.raises(ChannelDown, match="连接被拒绝"):
            handed_over(peer.channel, composed(peer.channel))

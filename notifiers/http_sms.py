"""The channel "sms" over HTTP: one POST for one message, and one answer that is judged.

What differs from vendor to vendor are three functions: how a message is put into words, what is posted, and what an
answer means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from .given import Given
from .http import HttpAnswer, HttpDoor, quoted
from .message import SMS, Contact, Message, Rendered
from .phone import mobile
from .refusals import Refusal, refused
from .templates import TemplateSet

__all__ = ["HttpSms", "Judged", "Request", "Words", "read_door"]

MAX_SAID = 120  #: characters that are told of an answer


class Words(Protocol):
    """Puts a message into what is kept and sent; the same input gives the same bytes."""

    def __call__(self, message: Message, contact: Contact, /, *, templates: TemplateSet) -> Rendered:
        """Return the message, or raise RenderFailure."""
        ...


class Request(Struct, frozen=True, kw_only=True):
    """One POST."""

    url: str
    content: bytes
    headers: Mapping[str, str]


class Judged(Struct, frozen=True, kw_only=True):
    """What an answer means: its code and words, and `refusal`, None for a message that was taken as `number`."""

    code: str
    said: str = ""
    refusal: Refusal | None = None
    number: str = ""


class HttpSms:
    """A gateway for short messages.

    Args:
        door: the way to it.
        words: puts messages into words.
        request: makes the request for a message at a time.
        judge: says what an answer means.
        now: the time.
    """

    name = SMS

    def __init__(
        self,
        door: HttpDoor,
        /,
        *,
        words: Words,
        request: Callable[[Rendered, datetime], Request],
        judge: Callable[[HttpAnswer], Judged],
        now: Callable[[], datetime],
    ) -> None:
        self._door, self._words, self._request, self._judge, self._now = door, words, request, judge, now

    def accepts(self, contact: Contact) -> bool:
        """Say whether the contact has a mainland mobile number."""
        return mobile(contact.phone) is not None

    def compose(self, message: Message, contact: Contact, *, templates: TemplateSet, at: datetime) -> Rendered:
        """Put the message into the gateway's words.

        Raises:
            RenderFailure: no number, no template, or it fails on these parameters.
        """
        return self._words(message, contact, templates=templates)

    async def open(self) -> None:
        """Begin a batch."""
        await self._door.open()

    async def send(self, rendered: Rendered) -> str:
        """Hand one message over and return the gateway's number for it: "BizId …".

        Raises:
            TemporaryFailure: refused for now; ChannelDown where the account or the gateway is at fault, Unanswered where
                nobody said what became of it.
            PermanentFailure: refused for what it is.
        """
        request = self._request(rendered, self._now())
        judged = self._judge(await self._door.post(request.url, request.content, request.headers))
        if judged.refusal is None:
            return judged.number
        said = f"{judged.code}：{judged.said}".rstrip("：")
        raise refused(self._door.place, quoted(self._door.without_secrets(said), MAX_SAID), judged.refusal)

    async def close(self) -> None:
        """End the batch."""
        await self._door.close()


def read_door(given: Given, place: str, *, hidden: Sequence[str]) -> HttpDoor:
    """Return the way to a gateway; problems are added to those of the settings.

    Args:
        given: the settings of the channel.
        place: how the gateway is called in messages.
        hidden: secrets that are never quoted.
    """
    return HttpDoor(place, timeout=given.number("timeout", 15, low=0.1, high=120), hidden=hidden)

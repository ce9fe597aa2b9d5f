"""What decides about a message on its way: which channel, from when on, whether at all. The plain rules let everything go."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from .message import MAIL, SMS, Contact, Message
from .ports import Channel

__all__ = [
    "Allowed",
    "ChooseChannel",
    "Copied",
    "Full",
    "Gone",
    "Hours",
    "Rules",
    "Said",
    "all_of_it",
    "always_needed",
    "always_new",
    "any_hour",
    "any_number",
    "choose_channel",
    "never_copied",
    "ways_of",
]

PREFERENCE = (MAIL, SMS)

ChooseChannel = Callable[[Message, Contact, Mapping[str, Channel]], Channel | None]
Jitter = Callable[[timedelta], timedelta]
Gone = Callable[[Message], str | None]  #: why a message need not be sent any more; None while it need
#: Message, channel, who is reached → whether that is enough for today; where it is not, this one counts from now on.
Full = Callable[[Message, str, Contact], bool]
#: Message, channel, who is reached → why it says nothing new there; None while it does, and it counts as told from now on.
Said = Callable[[Message, str, Contact], str | None]
Copied = Callable[[Message], str | None]  #: where else a message's words are told; None where nowhere else
Allowed = Callable[[Message], Message]  #: what of a message may be said now
Hours = Callable[[str, datetime], datetime]  #: channel, now → from when on it may send; now when it may


def choose_channel(message: Message, contact: Contact, channels: Mapping[str, Channel]) -> Channel | None:
    """Return the channel a message names; without one, the first that the contact likes and can be reached by."""
    names = (message.channel,) if message.channel else ways_of(contact)
    return next((c for name in names if (c := channels.get(name)) and c.accepts(contact)), None)


def ways_of(contact: Contact) -> tuple[str, ...]:
    """Return the channels by which a contact may be reached: what it likes first, then mail, then short message."""
    return tuple(dict.fromkeys((*contact.channels, *PREFERENCE)))


def spread(delay: timedelta) -> timedelta:
    """Lengthen a delay by up to a tenth, so that what failed together does not come back together."""
    return delay * (1 + random.random() / 10)


def all_of_it(message: Message) -> Message:
    """Allow everything a message says."""
    return message


def any_hour(_channel: str, now: datetime) -> datetime:
    """Say that every channel may send now."""
    return now


def any_number(_message: Message, _channel: str, _contact: Contact) -> bool:
    """Say that nobody ever has enough."""
    return False


def never_copied(_message: Message) -> str | None:
    """Say that no message repeats another one."""
    return None


def always_new(_message: Message, _channel: str, _contact: Contact) -> str | None:
    """Say that every message says something new."""
    return None


def always_needed(_message: Message) -> str | None:
    """Say that every message is still needed."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What decides about each message.

    Args:
        jitter: what becomes of a delay before it is stored.
        choose: which channel a message takes (mail, then SMS).
        hours: from when on a channel may disturb people; what comes before waits until then.
        gone: says why a message need not go any more, asked just before each attempt.
        allowed: gives what of a message may be said, asked last of all; another one than it was given is put into words anew.
        full: says that who is reached has had enough of a channel for today; the message goes with the digest instead.
        copied: says where else its words are told of a message that is too much for today; it need not be held then.
        said: says why a message repeats what another one has told, or is about to tell, whom it reaches by the same channel.
    """

    jitter: Jitter = spread
    choose: ChooseChannel = choose_channel
    hours: Hours = any_hour
    gone: Gone = always_needed
    allowed: Allowed = all_of_it
    full: Full = any_number
    copied: Copied = never_copied
    said: Said = always_new

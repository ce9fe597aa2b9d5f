"""Why a message tells nothing new where it is about to go: the same has gone there, for the same person or for another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rectiflow.engine.telling import event_of, other_copy
from rectiflow.notifiers import MAIL, SMS
from rectiflow.notifiers.digest import LISTS
from rectiflow.notifiers.message import CHANNEL_TITLES
from rectiflow.notifiers.phone import mobile, spellings
from rectiflow.storage import outbox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rectiflow._flow import Rectiflow
    from rectiflow.notifiers import Contact, Message

__all__ = ["addresses_of", "repeats"]

_GOES = ("sent", "waiting")


def addresses_of(channel: str, contact: Contact) -> list[str]:
    """Return the addresses of a person as they may stand in messages, first that of a channel; [] for a group."""
    to = {MAIL: contact.email, SMS: contact.phone or ""}.get(channel)
    others = (contact.email, *_spelled(contact.phone))
    return list(dict.fromkeys(a for a in (to, *others) if a)) if to else []


def repeats(flow: Rectiflow, message: Message, channel: str, contact: Contact) -> str | None:
    """Say why a message tells nothing new by a channel; None while it does, and it counts as about to go from then on.

    An urgent one goes as mail and as short message, and this is the same; or whoever is reached has been told the same
    for somebody else, for whom that person stands in; or the same goes to a colleague at the same address.
    """
    title = CHANNEL_TITLES.get(channel, channel)
    other = outbox.standing_of(flow.store.engine, flow.district, other_copy(str(message.id)))
    if other is not None and other.channel == channel and other.status in _GOES:
        return f"同样的内容已用{title}发给同一人"
    instead = _told_instead(flow, message, channel, contact)
    if instead is None:
        return None
    if instead in flow.directory().told_with(message.recipient, flow.today()):
        return f"同一件事已用{title}发给{contact.name}，不再重复"
    return f"同一件事已用{title}发到同一地址（{flow.directory().person_name(instead)}），不再重复"


def _told_instead(flow: Rectiflow, message: Message, channel: str, contact: Contact) -> str | None:
    """Return for whom else the same has gone to this address by this channel, or is to go; None where for nobody.

    Of colleagues at one address the head of the unit is told: an answer from there can then do all that the unit may.
    """
    key, addresses = str(message.id), addresses_of(channel, contact)
    rows = _beside(flow, message, channel, contact) if addresses else []
    head = next((r for r in rows if _goes_before(flow, r, message, contact)), None)
    if head is not None or not rows:
        return str(head["recipient"]) if head is not None else None
    gone = outbox.let_only(
        flow.store.engine,
        flow.district,
        key,
        owner=flow.owner,
        channel=channel,
        addresses=addresses,
        others=[r["key"] for r in rows],
    )
    return next((str(r["recipient"]) for r in rows if r["key"] == gone), None)


def _beside(flow: Rectiflow, message: Message, channel: str, contact: Contact) -> list[Mapping[str, Any]]:
    """Return the messages that tell the same to others who may be reached at the same address."""
    key, directory = str(message.id), flow.directory()
    event = event_of(key, message.recipient)
    if event in (key, other_copy(key)):
        return []
    own = (contact.email,) if channel == MAIL else _spelled(contact.phone)
    persons = dict.fromkeys((*directory.told_with(message.recipient, flow.today()), *directory.at_address(*own)))
    keys = [f"{event}:{person}" for person in persons if person != message.recipient]
    rows = outbox.rows_of(flow.store.engine, flow.district, [*keys, *map(other_copy, keys)]) if keys else []
    return [r for r in rows if _says_the_same(r["params"], message)]


def _says_the_same(params: Mapping[str, Any], message: Message) -> bool:
    """Tell whether the words are the same: of a list its lines, too; who may answer is told how."""
    names = ("invited", "lines") if message.template in LISTS else ("invited",)
    return all(params.get(name) == message.params.get(name) for name in names)


def _goes_before(flow: Rectiflow, row: Mapping[str, Any], message: Message, contact: Contact) -> bool:
    """Tell whether another message is for the head of a unit, this one is not, and that one goes the same way."""
    directory, person = flow.directory(), str(row["recipient"])
    same_way = directory.persons[person].channels == contact.channels and row["channel"] == message.channel
    heads = [p for p in (person, message.recipient) if _heads(flow, p)]
    return (
        same_way
        and heads == [person]
        and row["status"] in _GOES
        and directory.reached_for(person, flow.today()) == person
    )


def _heads(flow: Rectiflow, person: str) -> bool:
    posts = flow.directory().posts_of(person, flow.today())
    return any(person in flow.directory().holders("principal", post.unit, flow.today()) for post in posts)


def _spelled(phone: str | None) -> tuple[str, ...]:
    """Return how a telephone number may be written in the register."""
    return (phone, *spellings(mobile(phone) or "")) if phone else ()

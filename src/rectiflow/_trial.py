"""The trial of a channel: one message to one person, at once and past the outbox."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from msgspec import Struct

from rectiflow.notifiers.message import CHANNEL_TITLES, CHAT

if TYPE_CHECKING:
    from collections.abc import Callable

    from rectiflow._workplace import Workplace
    from rectiflow.notifiers import Channel, Contact, Message

__all__ = ["Trial", "try_out"]

log = logging.getLogger(__name__)

PATIENCE = 90  #: seconds that somebody at a terminal waits for one channel; the outbox waits longer


class Trial(Struct, frozen=True, kw_only=True):
    """What became of a trial message on one channel: where it went and what the other side said, or what is wrong."""

    channel: str
    good: bool
    to: str
    said: str
    meant: bool = True  #: whether the person's messages go there at all

    @property
    def title(self) -> str:
        """The channel, as people call it."""
        return CHANNEL_TITLES.get(self.channel, self.channel)


def try_out(
    place: Workplace, person: str, channel: str | None = None, *, on_try: Callable[[str], None] = lambda _title: None
) -> list[Trial]:
    """Send a trial message to a person at once, by each channel that is configured, whatever the hour.

    Nothing of it is kept in the outbox, and an address that was given up is tried all the same.

    Args:
        person: id or name.
        channel: only this one: mail, sms or chat.
        on_try: is told the title of each channel before it is tried, which may take as many seconds as PATIENCE.

    Raises:
        NotFound: no such person.
    """
    import asyncio

    from rectiflow._outbox import DirectoryContacts
    from rectiflow.notifiers.message import Message

    flow = place.flow
    flow.refresh()
    known, now = flow.directory().find_person(person), flow.now()
    contact = DirectoryContacts(flow.directory).contact(flow.district, known.id, flow.today())
    message = Message(
        id=f"channel_test:{known.id}:{now.isoformat()}",
        district=flow.district,
        number=None,
        sequence=0,
        recipient=known.id,
        template="channel_test",
        template_version=0,
        params={"district_name": flow.directory().district.name, "contact": flow.contact or None},
        created_at=now,
    )
    wrong = [
        Trial(channel=p.channel, good=False, to="", said=f"{'；'.join(p.problems)}；请修改设置后重试")
        for p in place.ways.problems()
        if channel is None or p.channel.startswith(CHANNEL_TITLES[channel].removesuffix("消息"))
    ]
    chosen = [c for c in place.ways.channels() if channel in (None, c.name)]
    if contact is None:
        return wrong
    done: list[Trial] = []
    for one in chosen:
        on_try(CHANNEL_TITLES.get(one.name, one.name))
        done.append(asyncio.run(_tried(place, one, message, contact)))
    meant = [t for t in done if t.meant]  # a group that is not this person's is told of where nothing else is
    return [*(meant or done), *wrong]


async def _tried(place: Workplace, channel: Channel, message: Message, contact: Contact) -> Trial:
    import asyncio

    from rectiflow.engine.visibility import masked_phone
    from rectiflow.notifiers import NotifierError
    from rectiflow.notifiers.errors import KEPT

    to = ""
    try:
        if not channel.accepts(contact):
            group = channel.name == CHAT
            why = "不在 [channels.chat] 的 persons 里" if group else "没有登记可用的地址，请用 person reach 补登"
            return Trial(channel=channel.name, good=False, to="", said=f"{contact.name}{why}", meant=not group)
        rendered = channel.compose(message, contact, templates=place.templates, at=message.created_at)
        to = masked_phone(rendered.to) or rendered.to if channel.name == "sms" else rendered.to
        await channel.open()
        try:
            async with asyncio.timeout(PATIENCE):
                return Trial(channel=channel.name, good=True, to=to, said=await channel.send(rendered))
        finally:
            await channel.close()
    except NotifierError as exc:
        return Trial(channel=channel.name, good=False, to=to, said=str(exc).removesuffix(KEPT).rstrip("；"))
    except TimeoutError:
        late = f"{PATIENCE} 秒没有答复，不知道收没收到；请检查网络，并看看收到没有"
        return Trial(channel=channel.name, good=False, to=to, said=late)
    except Exception as exc:
        said = f"程序包出错：{type(exc).__name__}：{exc}"
        log.exception("%s：%s", CHANNEL_TITLES.get(channel.name, channel.name), said)
        return Trial(channel=channel.name, good=False, to=to, said=said)

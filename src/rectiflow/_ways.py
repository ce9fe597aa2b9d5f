"""The ways by which people are reached from a workplace: channels made from its settings, with their hours."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING

from rectiflow.notifiers.errors import ChannelNotConfigured
from rectiflow.notifiers.message import CHANNEL_TITLES, MAIL, SMS
from rectiflow.notifiers.watch import Watch

if TYPE_CHECKING:
    from rectiflow._workplace import Workplace
    from rectiflow.notifiers import Channel, DkimSettings, SmtpChannel, SmtpSettings
    from rectiflow.notifiers.receipts import SmsReply
    from rectiflow.storage.turns import StoreTurns

__all__ = ["Ways"]

log = logging.getLogger(__name__)


class Ways:
    """The channels of a workplace; made anew for each delivery."""

    def __init__(self, place: Workplace) -> None:
        self._place = place
        self.watch = Watch()  #: what is known of the channels, from one delivery to the next
        self._logged: set[str] = set()  #: faults of packages, told in the log once each

    def channels(self) -> list[Channel]:
        """Return the channels that are configured, and can work."""
        return [made for made in self._made() if not isinstance(made, ChannelNotConfigured)]

    def problems(self) -> list[ChannelNotConfigured]:
        """Return what is wrong with channels that are configured and cannot work; their messages wait, the others go."""
        return [made for made in self._made() if isinstance(made, ChannelNotConfigured)]

    def missing(self) -> list[str]:
        """Say which channel is not configured that somebody can be reached by alone, and who that is, in Chinese."""
        settings = self._place.settings
        if settings.outgoing.files:
            return []
        mail, sms = bool(settings.mail.host), SMS in settings.channels
        persons = self._place.flow.directory().persons.values()
        by_phone = [p.name for p in persons if p.phone and not p.email] if mail and not sms else []
        by_mail = [p.name for p in persons if p.email and not p.phone] if sms and not mail else []
        return [
            f"{CHANNEL_TITLES[way]}没有配置，{len(names)} 人只能用它通知：{'、'.join(names[:5])}；消息会等着，并提请打电话"
            for way, names in ((SMS, by_phone), (MAIL, by_mail))
            if names
        ]

    def hours(self, channel: str, now: datetime) -> datetime:
        """Return from when on a channel may disturb people: `now` when it may."""
        from rectiflow.notifiers import WINDOWS, read_window

        told = self._place.settings.outgoing
        said = {"mail": told.mail_hours, "sms": told.sms_hours, "chat": told.chat_hours}.get(channel)
        window = read_window(said) if said else WINDOWS.get(channel)
        return window.opens(now, self._place.flow.calendar) if window is not None else now

    @cached_property
    def _turns(self) -> StoreTurns:
        """Who counts how much is sent, for every process on this database."""
        from rectiflow.storage.turns import StoreTurns

        return StoreTurns(self._place.flow.store.engine)

    def _made(self) -> list[Channel | ChannelNotConfigured]:
        from rectiflow.notifiers import About, make_channel

        place = self._place
        settings, name = place.settings, place.flow.directory().district.name
        if settings.outgoing.files:
            return self._written(name)
        about = About(
            signature=settings.outgoing.sms_signature or name,
            now=place.flow.now,
            folder=place.folder.resolve(),
            turns=self._turns,
            find_person=self._person,
        )
        makers: list[Callable[[], Channel]] = [self._mail] if settings.mail.host else []
        makers += [partial(make_channel, kind, values, about) for kind, values in settings.channels.items()]
        return [self._one(make) for make in makers]

    def _person(self, text: str) -> str:
        """Return whom a name, an id or an account means.

        Raises:
            NotFound, Ambiguous: nobody, or several.
        """
        directory = self._place.flow.directory()
        return (directory.by_account(text) or directory.find_person(text)).id

    def _written(self, name: str) -> list[Channel | ChannelNotConfigured]:
        """Return the channels of a rehearsal: nothing leaves the workplace."""
        from rectiflow._enclosing import KeptFiles
        from rectiflow.notifiers import FileChannel, Sender, SmsLog

        place = self._place
        folder = place.path(place.settings.outgoing.folder)
        sender = Sender(
            address=place.sender_address,
            name=place.settings.mail.sender_name or name,
            reply_address=place.reply_keys.reply_address if place.settings.inbox.address else None,
            files=KeptFiles(place.flow),
        )
        signature = place.settings.outgoing.sms_signature or name
        return [
            FileChannel(folder / "mail", sender=sender),
            SmsLog(folder / "sms.log", signature=signature, now=place.flow.now, replies=True),
        ]

    def _one(self, make: Callable[[], Channel]) -> Channel | ChannelNotConfigured:
        """Make one channel; what is wrong with it keeps no other from working."""
        try:
            made = make()
        except ChannelNotConfigured as exc:
            if exc.__cause__ is not None and str(exc) not in self._logged:  # a package's own fault
                self._logged.add(str(exc))
                log.warning("%s", exc, exc_info=exc.__cause__)
            return exc
        self._hear(made)
        return made

    def _hear(self, channel: Channel) -> None:
        """Let a channel on which answers and receipts come back hand them in."""
        from rectiflow.notifiers.ports import HearsBack

        if isinstance(channel, HearsBack):
            from rectiflow._answers import receive_receipt, receive_sms

            def answered(reply: SmsReply) -> None:
                receive_sms(self._place, reply.phone, reply.text, at=reply.at)

            channel.on_receipt, channel.on_reply = partial(receive_receipt, self._place), answered

    def _mail(self) -> SmtpChannel:
        from rectiflow._enclosing import KeptFiles
        from rectiflow.notifiers import SmtpChannel

        place = self._place
        answered = bool(place.settings.inbox.address)
        return SmtpChannel(
            self._smtp(),
            turns=self._turns,
            files=KeptFiles(place.flow),
            reply_address=place.reply_keys.reply_address if answered else None,
            return_path=place.reply_keys.return_path if answered else None,
        )

    def _smtp(self) -> SmtpSettings:
        from rectiflow.notifiers import SmtpSettings

        place, mail = self._place, self._place.settings.mail
        return SmtpSettings(
            host=mail.host,
            port=mail.port,
            username=mail.username or None,
            password=place.secret(mail.password, mail.password_file),
            security=mail.security,
            sender=mail.sender,
            sender_name=mail.sender_name,
            ca_file=place.path(mail.ca_file) if mail.ca_file else None,
            connections=mail.connections,
            per_connection=mail.per_connection,
            per_minute=mail.per_minute,
            most_enclosed=int(mail.attachments_mb * 1_000_000),
            dkim=self._dkim(),
        )

    def _dkim(self) -> DkimSettings | None:
        from rectiflow.notifiers import DkimSettings

        said = self._place.settings.mail.dkim
        if said is None:
            return None
        return DkimSettings(domain=said.domain, selector=said.selector, key_file=self._place.path(said.key_file))

"""Rectiflow tells: the outbox is claimed, put into words and handed over, by mail, short message or file.

Nothing here knows a ticket or a database. What is due comes through the `Outbox`, addresses through `Contacts`,
words from a `TemplateSet`, and every way out is a `Channel`; the wiring brings them together in `dispatch`.
"""

from __future__ import annotations

from .digest import DIGEST, Held, digest_params
from .dispatcher import (
    IN_TURN,
    LATER_DELAY,
    LET_PASS,
    RETRY_DELAYS,
    STILL,
    UNCONFIGURED,
    WAIT_WHILE_DOWN,
    DispatchReport,
    dispatch,
    dispatch_once,
    one_batch,
)
from .dkim_signature import DkimSettings
from .email import ReturnPath, SmtpChannel, SmtpSettings
from .errors import (
    ChannelDown,
    ChannelNotConfigured,
    DeliveryFailure,
    NotifierError,
    NotYet,
    PermanentFailure,
    RenderFailure,
    TemplateInvalid,
    TemplateMissing,
    TemplateProblem,
    TemporaryFailure,
    Unanswered,
)
from .files import FileChannel, SmsLog
from .given import Given
from .memory import MemoryContacts, MemoryOutbox, RecordingChannel
from .message import MAIL, SMS, Contact, Enclosure, Message, Param, Rendered, Urgency
from .mime import ReplyAddress, Sender
from .pace import MemoryTurns, Pace, Turns
from .parameters import OCCASIONS, PARAMETERS, RESTRICTED
from .ports import Channel, Contacts, Files, Outbox
from .registry import About, make_channel
from .rules import (
    ChooseChannel,
    Full,
    Gone,
    Hours,
    Rules,
    Said,
    always_needed,
    always_new,
    any_hour,
    any_number,
    choose_channel,
)
from .sms import count_parts
from .template_files import Folder, builtin_templates
from .templates import REPLY_MARK, MailText, TemplateSet
from .watch import Watch
from .windows import WINDOWS, SendWindow, read_window

__all__ = [
    "DIGEST",
    "IN_TURN",
    "LATER_DELAY",
    "LET_PASS",
    "MAIL",
    "OCCASIONS",
    "PARAMETERS",
    "REPLY_MARK",
    "RESTRICTED",
    "RETRY_DELAYS",
    "SMS",
    "STILL",
    "UNCONFIGURED",
    "WAIT_WHILE_DOWN",
    "WINDOWS",
    "About",
    "Channel",
    "ChannelDown",
    "ChannelNotConfigured",
    "ChooseChannel",
    "Contact",
    "Contacts",
    "DeliveryFailure",
    "DispatchReport",
    "DkimSettings",
    "Enclosure",
    "FileChannel",
    "Files",
    "Folder",
    "Full",
    "Given",
    "Gone",
    "Held",
    "Hours",
    "MailText",
    "MemoryContacts",
    "MemoryOutbox",
    "MemoryTurns",
    "Message",
    "NotYet",
    "NotifierError",
    "Outbox",
    "Pace",
    "Param",
    "PermanentFailure",
    "RecordingChannel",
    "RenderFailure",
    "Rendered",
    "ReplyAddress",
    "ReturnPath",
    "Rules",
    "Said",
    "SendWindow",
    "Sender",
    "SmsLog",
    "SmtpChannel",
    "SmtpSettings",
    "TemplateInvalid",
    "TemplateMissing",
    "TemplateProblem",
    "TemplateSet",
    "TemporaryFailure",
    "Turns",
    "Unanswered",
    "Urgency",
    "Watch",
    "always_needed",
    "always_new",
    "any_hour",
    "any_number",
    "builtin_templates",
    "choose_channel",
    "count_parts",
    "digest_params",
    "dispatch",
    "dispatch_once",
    "make_channel",
    "one_batch",
    "read_window",
]

"""What the notifiers raise on purpose; every message is Chinese and says what, where and what to do.

RectiflowError
└── NotifierError
    ├── DeliveryFailure          one message could not be handed over
    │   ├── TemporaryFailure     worth another try later
    │   │   ├── ChannelDown      the channel itself is at fault: nothing was handed over, the rest need not try
    │   │   ├── Unanswered       handed over, perhaps, and not answered for: another try may bring a second copy
    │   │   └── NotYet           nothing was tried: the channel has had its share for now
    │   └── PermanentFailure     no retry will help
    ├── ChannelNotConfigured     settings that cannot work; carries every problem
    ├── TemplateMissing          occasions without a template; carries every missing file
    ├── TemplateInvalid          templates that do not load; carries every TemplateProblem
    └── RenderFailure            one message cannot be put into words
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from msgspec import Struct

from rectiflow.engine.errors import RectiflowError

__all__ = [
    "KEPT",
    "LOCKOUT",
    "ChannelDown",
    "ChannelNotConfigured",
    "DeliveryFailure",
    "NotYet",
    "NotifierError",
    "PermanentFailure",
    "RenderFailure",
    "TemplateInvalid",
    "TemplateMissing",
    "TemplateProblem",
    "TemporaryFailure",
    "Unanswered",
]

LOCKOUT = timedelta(minutes=30)  #: between two logins that are refused: providers lock out who keeps trying
KEPT = "消息已保留，将自动重发。"  #: ends what is told of a message that waits in the outbox


class NotifierError(RectiflowError):
    """Something about telling people went wrong."""


class DeliveryFailure(NotifierError):
    """A message was not handed over; `code` is the server's number where it gave one."""

    def __init__(self, message: str, /, *, code: int | None = None) -> None:
        self.code = code
        super().__init__(message)


class TemporaryFailure(DeliveryFailure):
    """The message was not taken now and may be taken later."""


class ChannelDown(TemporaryFailure):
    """The channel cannot be used at all for now: no connection, a refused login, a bad certificate, a full disk.

    Nothing of the message was handed over: nobody can have it.

    `after` says when it is worth another try, where that is not soon: servers lock accounts out that keep knocking.
    """

    def __init__(self, message: str, /, *, code: int | None = None, after: timedelta | None = None) -> None:
        self.after = after
        super().__init__(message, code=code)


class Unanswered(TemporaryFailure):
    """The message was handed over, or may have been, and nobody said what became of it.

    Another try may bring a second copy.
    """


class NotYet(TemporaryFailure):
    """The channel may not send more for now: no attempt was made, and the whole channel may try again `after`."""

    def __init__(self, message: str, /, *, after: timedelta) -> None:
        self.after = after
        super().__init__(message)


class PermanentFailure(DeliveryFailure):
    """The message will never be taken as it is."""


class ChannelNotConfigured(NotifierError):
    """The settings of a channel cannot work; `problems` holds all of them."""

    def __init__(self, channel: str, problems: Sequence[str], /) -> None:
        self.channel, self.problems = channel, tuple(problems)
        super().__init__(f"{channel}没有配置好：" + "；".join(self.problems) + "。请修改设置后重试。")


class TemplateMissing(NotifierError):
    """Templates are missing; `missing` holds every file name or folder."""

    def __init__(self, missing: Sequence[str], /) -> None:
        self.missing = tuple(missing)
        super().__init__("缺少消息模板：" + "、".join(self.missing) + "。请补上文件，或恢复随程序附带的模板。")


class TemplateProblem(Struct, frozen=True, kw_only=True):
    """One thing wrong with a template; `line` counts from 1, 0 means the whole file."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}" if self.line else f"{self.path}: {self.message}"


class TemplateInvalid(NotifierError):
    """Templates do not load; `problems` holds all of them, in the order of files and lines."""

    def __init__(self, problems: Sequence[TemplateProblem], /) -> None:
        self.problems = tuple(problems)
        super().__init__(f"消息模板有 {len(self.problems)} 处错误：\n" + "\n".join(map(str, self.problems)))


class RenderFailure(NotifierError):
    """One message cannot be put into words; trying again does not help. `path` and `line` point into a template."""

    def __init__(self, message: str, /, *, path: str = "", line: int = 0) -> None:
        self.path, self.line = path, line
        super().__init__(message)

"""Channels by name: what a settings table `[channels.<name>]` with `kind = "…"` is made into.

The name is how messages find their way, so there are no others than those of `WAYS`.

A kind is an entry point of the group `rectiflow.channels`, so another package adds one without a change here. It names a
function of two arguments, the settings as `Given` and what the workplace knows as `About`, that returns a `Channel` or
raises `ChannelNotConfigured` with every problem. Whatever else it raises is told as such a problem too: one package that
is at fault keeps no other channel from working.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct

from .errors import ChannelNotConfigured
from .given import Given
from .message import CHAT, SMS
from .pace import HERE, Turns
from .plaintext import one_line, shorten

if TYPE_CHECKING:
    from .ports import Channel

__all__ = ["GROUP", "WAYS", "About", "ChannelFactory", "kinds", "make_channel"]

GROUP = "rectiflow.channels"
WAYS: Mapping[str, str] = {SMS: "短信通道", CHAT: "群通道"}  #: names of tables, with how people call them
_KINDS: Mapping[str, str] = {
    "aliyun": "阿里云",
    "dingtalk": "钉钉",
    "feishu": "飞书",
    "gateway": "网关",
    "smpp": "SMPP 直连",
    "tencent": "腾讯云",
    "wecom": "企业微信",
}
_MOST_TOLD = 200  #: characters of what a package raised
#: What the program's own kinds can be used for; those of other packages say so when they are made.
_BUILT_IN: Mapping[str, tuple[str, ...]] = {
    "sms": ("aliyun", "gateway", "smpp", "tencent"),
    "chat": ("dingtalk", "feishu", "wecom"),
}


class About(Struct, frozen=True, kw_only=True):
    """What every channel may want to know of its workplace."""

    signature: str  #: who speaks: 【梁子湖区教育局】
    now: Callable[[], datetime]
    folder: Path  #: relative files of the settings are below it
    turns: Turns = HERE  #: who counts where a receiver takes only so many messages
    #: Finds a person's id by what people call the person, or raises a RectiflowError that says why it does not.
    find_person: Callable[[str], str] = str


_MISPLACED = "{} 须写在 [channels.sms] 或 [channels.chat]，通道的 name 须是 sms 或 chat"

ChannelFactory = Callable[[Given, About], "Channel"]


def kinds() -> Mapping[str, Any]:
    """Return every kind of channel that is installed, by name, not yet imported."""
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=GROUP)}


def make_channel(name: str, values: Mapping[str, Any], about: About) -> Channel:
    """Make the channel of one settings table.

    Args:
        name: what messages call it: sms or chat.
        values: the table; `kind` says which channel it is.

    Raises:
        ChannelNotConfigured: no such name or kind, a package that is not installed or fails (its error is the cause), or
            settings that cannot work.
    """
    known, kind = kinds(), str(values.get("kind", ""))
    if name not in WAYS:
        raise ChannelNotConfigured(f"[channels.{name}]", [_MISPLACED.format(kind or name)])
    if kind not in known:
        usable = sorted(known.keys() - {k for way, own in _BUILT_IN.items() if way != name for k in own})
        raise ChannelNotConfigured(WAYS[name], [f"kind“{kind}”应是 {'、'.join(usable)} 之一"])
    title = f"{WAYS[name]}（{_KINDS.get(kind, kind)}）"
    try:
        channel = _load(known[kind], title)(Given(title, values, about.folder), about)
        called = channel.name
    except ChannelNotConfigured:
        raise
    except Exception as exc:
        told = shorten(one_line(f"{type(exc).__name__}：{exc}").rstrip("："), _MOST_TOLD)
        raise ChannelNotConfigured(title, [f"程序包出错：{told}"]) from exc
    if called != name:
        fits = f"{kind} 只能用作 [channels.{called}]" if called in WAYS else _MISPLACED.format(kind)
        raise ChannelNotConfigured(title, [fits])
    return channel


def _load(kind: Any, title: str) -> ChannelFactory:
    """Import the function of a kind.

    Raises:
        ChannelNotConfigured: a package that it needs is not installed.
    """
    try:
        return cast("ChannelFactory", kind.load())
    except ModuleNotFoundError as exc:
        how = f"请安装 rectiflow[{kind.name}]" if kind.name in _KINDS else "请安装"
        raise ChannelNotConfigured(title, [f"缺少程序包 {exc.name}，{how}"]) from None

"""Channels by name: what a settings table `[channels.<name>]` with `kind = "…"` is made into.

A kind is an entry point of the group `rectiflow.channels`, so another package adds one without a change here. It names a
function of two arguments, the settings as `Given` and what the workplace knows as `About`, that returns a `Channel` or
raises `ChannelNotConfigured` with every problem.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from .errors import ChannelNotConfigured
from .given import Given
from .pace import HERE, Turns

if TYPE_CHECKING:
    from .ports import Channel

__all__ = ["GROUP", "About", "ChannelFactory", "kinds", "make_channel"]

GROUP = "rectiflow.channels"
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


ChannelFactory = Callable[[Given, About], "Channel"]


def kinds() -> Mapping[str, Any]:
    """Return every kind of channel that is installed, by name, not yet imported."""
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=GROUP)}


def make_channel(name: str, values: Mapping[str, Any], about: About) -> Channel:
    """Make the channel of one settings table.

    Args:
        name: what messages call it: mail, sms, chat.
        values: the table; `kind` says which channel it is.

    Raises:
        ChannelNotConfigured: no such kind, a package that is not installed, or settings that cannot work.
    """
    known, kind = kinds(), str(values.get("kind", ""))
    if kind not in known:
        usable = sorted(known.keys() - {k for way, own in _BUILT_IN.items() if way != name for k in own})
        raise ChannelNotConfigured(f"{name} 通道", [f"kind“{kind}”应是 {'、'.join(usable)} 之一"])
    try:
        factory: ChannelFactory = known[kind].load()
    except ImportError as exc:
        raise ChannelNotConfigured(f"{name} 通道", [f"缺少程序包 {exc.name}，请安装 rectiflow[{kind}]"]) from exc
    channel = factory(Given(f"{name} 通道（{kind}）", values, about.folder), about)
    if channel.name != name:
        raise ChannelNotConfigured(f"{name} 通道", [f"{kind} 只能用作 [channels.{channel.name}]"])
    return channel

"""A group robot of WeCom (企业微信).

Sizes, pace and mentions: https://developer.work.weixin.qq.com/document/path/91770; codes: …/document/path/90455.
Mentions by telephone number are for messages of type text alone; who has no number is told in Markdown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .errors import ChannelDown, PermanentFailure
from .given import Given
from .pace import MINUTE
from .registry import About
from .robot import Fault, Robot, fitted, read_robot, unmarked

__all__ = ["WeComRobot", "channel"]

MOST_TEXT = 2048  #: bytes of a text
MOST_MARKDOWN = 4096  #: bytes of a Markdown text

_AGAIN = "请在群里重新添加机器人并更新地址"
_FAULTS: Mapping[int, Fault] = {
    -1: (ChannelDown, "系统繁忙"),
    40008: (PermanentFailure, "不认消息的格式"),
    40058: (PermanentFailure, "认为内容不合规定（多为过长或为空）"),
    44004: (PermanentFailure, "认为内容为空"),
    45002: (PermanentFailure, "认为内容过长"),
    45009: (ChannelDown, "发送频率已达上限"),
    45033: (ChannelDown, "同时发送的太多"),
    93000: (ChannelDown, f"不认这个地址，机器人可能已被移出群，{_AGAIN}"),
}


class WeComRobot(Robot):
    """A robot that does not sign: its address is all it has."""

    place = "企业微信群机器人"
    key_mark = "key="
    limits = ((20, MINUTE),)
    faults = _FAULTS

    def payload(self, lines: Sequence[str], mobile: str | None) -> Mapping[str, Any]:
        """Return a text that calls on somebody, or Markdown."""
        if mobile is not None:
            content = "\n".join(fitted([line.replace("<@", "＜@") for line in lines], MOST_TEXT))
            return {"msgtype": "text", "text": {"content": content, "mentioned_mobile_list": [mobile]}}
        head, *rest = map(unmarked, lines)
        content = "\n".join(fitted([f"**{head}**", *rest], MOST_MARKDOWN))
        return {"msgtype": "markdown", "markdown": {"content": content}}


def channel(given: Given, about: About) -> WeComRobot:
    """Return the robot of a settings table.

    Raises:
        ChannelNotConfigured: with every problem.
    """
    return WeComRobot(read_robot(given, about, key_mark=WeComRobot.key_mark, signs=False, mentions=True), about)

"""A group robot of DingTalk (钉钉).

Signature, pace, mentions and codes: https://open.dingtalk.com/document/robots/custom-robot-access. What goes beyond the
pace shuts the robot up for ten minutes.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from .errors import ChannelDown, PermanentFailure, TemporaryFailure
from .given import Given
from .pace import MINUTE
from .plaintext import shorten
from .registry import About
from .robot import Fault, Robot, fitted, read_robot, unmarked

__all__ = ["DingTalkRobot", "channel"]

MOST = 9000  #: bytes; in JSON at most twice as many, so that a request stays below the 20 000 bytes that are taken
MAX_TITLE = 60  #: characters; it is what a telephone shows before the message is opened

_MEND = "请核对机器人的安全设置"
_AGAIN = "请在群里重新添加机器人并更新地址"
_FAULTS: Mapping[int, Fault] = {
    -1: (ChannelDown, "系统繁忙"),
    40035: (PermanentFailure, "认为消息缺少内容"),
    43004: (TemporaryFailure, "不认消息的编码"),
    90030: (ChannelDown, "今天的条数已用完"),
    130101: (ChannelDown, "发送频率已达上限"),
    300001: (ChannelDown, f"不认这个地址，{_AGAIN}"),
    300005: (ChannelDown, f"不认这个地址，{_AGAIN}"),
    310000: (ChannelDown, f"没有通过安全校验（加签密钥、关键词或 IP 地址不符，也可能是本机时间不准），{_MEND}"),
    400013: (ChannelDown, "所在的群已解散，请换一个群"),
    400101: (ChannelDown, f"不认这个地址，{_AGAIN}"),
    400102: (ChannelDown, "已停用，请启用机器人"),
    400105: (PermanentFailure, "不认消息的格式"),
    400106: (ChannelDown, f"已不在群里，{_AGAIN}"),
    410100: (ChannelDown, "发送频率已达上限"),
    430101: (PermanentFailure, "认为内容含有不安全的链接"),
    430102: (PermanentFailure, "认为内容含有不合适的文字"),
    430103: (PermanentFailure, "认为内容含有不合适的图片"),
    430104: (PermanentFailure, "认为内容不合适"),
}


class DingTalkRobot(Robot):
    """A robot that signs in the query: the time in milliseconds, and its HMAC-SHA256 with the key."""

    place = "钉钉群机器人"
    key_mark = "access_token="
    limits = ((20, MINUTE),)
    faults = _FAULTS

    def payload(self, lines: Sequence[str], mobile: str | None) -> Mapping[str, Any]:
        """Return a text that calls on somebody, or Markdown."""
        if mobile is not None:
            content = "\n".join(fitted(lines, MOST))
            return {"msgtype": "text", "text": {"content": content}, "at": {"atMobiles": [mobile], "isAtAll": False}}
        head, *rest = map(unmarked, lines)
        text = "\n".join(fitted([f"**{head}**", *(part for line in rest for part in ("", line))], MOST))
        return {"msgtype": "markdown", "markdown": {"title": shorten(head, MAX_TITLE), "text": text}}

    def signed(self, body: bytes) -> tuple[str, bytes]:
        """Return the address with time and signature, and the body as it is."""
        if not self._settings.secret:
            return self._settings.webhook, body
        time = str(int(self._now().timestamp() * 1000))
        said = f"{time}\n{self._settings.secret}".encode()
        sign = base64.b64encode(hmac.digest(self._settings.secret.encode(), said, "sha256")).decode()
        return f"{self._settings.webhook}&{urlencode({'timestamp': time, 'sign': sign})}", body


def channel(given: Given, about: About) -> DingTalkRobot:
    """Return the robot of a settings table.

    Raises:
        ChannelNotConfigured: with every problem.
    """
    return DingTalkRobot(read_robot(given, about, key_mark=DingTalkRobot.key_mark, signs=True, mentions=True), about)

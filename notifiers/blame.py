"""Whose fault it is that a message came back: the address's, a passing one of the other side, or the message's own."""

from __future__ import annotations

import re

from .carriers import Blame
from .judging import Bounce

__all__ = ["Blame", "blame_of_mail"]

#: Subjects and details of RFC 3463 (and RFC 7505 for 1.10) that speak of the address; 4.1 and 4.4 are what Exchange and
#: Postfix say of a name or a domain that does not exist, but of a network that is away too: those two are told by words.
_ADDRESS = frozenset({"1.1", "1.2", "1.3", "1.4", "1.6", "1.10", "2.1"})
_MESSAGE_SUBJECTS = frozenset({"3", "5", "6", "7"})  #: the system's, the protocol's, the content's, the policy's
_MESSAGE = frozenset({"1.7", "1.8", "2.3"})  #: the sender's address is bad; the mail is too long for the mailbox
_NOBODY = re.compile(
    r"user unknown|unknown (user|recipient)|no such (user|recipient|mailbox|domain)|(user|mailbox|recipient|domain) not found"
    r"|(user|account|mailbox|recipient) does(n't| not) exist|invalid (recipient|mailbox|address)|recipient (address )?rejected"
    r"|host (or domain name )?not found|nxdomain|account (is )?(disabled|suspended|closed)"
    r"|不存在|无此用户|没有这个用户|查无此人|收件人地址(错误|无效)|帐号(已)?(停用|注销|禁用)|账号(已)?(停用|注销|禁用)|域名(无法|不能)解析",
    re.IGNORECASE,
)


def blame_of_mail(bounce: Bounce) -> Blame | None:
    """Say whose fault a returned mail is; None where it is only late and still being tried (RFC 3464, action delayed).

    The enhanced status code decides (RFC 3463); where it says nothing (x.0.0, none, or a routing failure, x.4.x), the words do.

    Returns:
        "address" there is nobody of that name, "busy" the mailbox is full or the other side had trouble, "message" the mail
        itself was not wanted: too large, refused for its words or its sender.
    """
    if not bounce.permanent:
        return None
    subject = bounce.status.partition(".")[2]
    if subject in _ADDRESS:
        return "address"
    if subject in _MESSAGE or (subject.partition(".")[0] in _MESSAGE_SUBJECTS):
        return "message"
    if subject in ("", "0.0") or subject.startswith("4."):
        return "address" if _NOBODY.search(bounce.diagnostic) else "busy"
    return "busy"

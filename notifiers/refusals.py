"""What a gateway's answer means for a message: another try, the end, a wait of the whole channel, or nothing known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from .errors import KEPT, LOCKOUT, ChannelDown, DeliveryFailure, PermanentFailure, TemporaryFailure, Unanswered

__all__ = ["NOT_LET_IN", "SHUT_OUT", "UNKNOWN", "Refusal", "Verdict", "meaning", "refused", "unnamed"]

Verdict = Literal["temporary", "permanent", "wait", "unanswered"]


class Refusal(Struct, frozen=True):
    """What one answer code means.

    `verdict`: "temporary" is worth another try, "permanent" is not as long as the message is what it is, "wait" is
    about the account or the gateway, so no message gets through now, "unanswered" does not tell what became of the
    message. `why` is told to people, with what to do.
    """

    verdict: Verdict
    why: str


UNKNOWN = Refusal("temporary", "原因不明，请查对服务商的错误码说明")
UNSAID = Refusal("unanswered", "应答里没有结果码，不知道收没收到，再发可能重复")
SHUT_OUT = "没有让本机登录，请核对账号、密钥，和对方有没有限定来访的地址（白名单）"
BARRED = Refusal("wait", SHUT_OUT)
NOT_LET_IN = (401, 403)  #: statuses of HTTP with which a login is refused: nothing was looked at


def unnamed(status: int) -> Refusal:
    """Return what an answer without a code means: by HTTP the login or the message was refused, or nobody knows."""
    if status in NOT_LET_IN:
        return BARRED
    return UNKNOWN if status >= 400 else UNSAID


def meaning(code: str, table: Mapping[str, Refusal]) -> Refusal:
    """Return what a code means; one that is not in the table counts as its family ("Throttling" of "Throttling.User").

    What nobody knows is worth another try.
    """
    return table.get(code) or table.get(code.partition(".")[0]) or UNKNOWN


def refused(place: str, said: str, refusal: Refusal) -> DeliveryFailure:
    """Return the error for a message that `place` did not take.

    Args:
        place: how the gateway is called.
        said: its code and words, already without secrets and numbers.
        refusal: what that means.
    """
    told = f"{refusal.why}（{said}）"
    if refusal.verdict == "permanent":
        return PermanentFailure(f"{place}不受理这条短信：{told}，更正后重发。")
    if refusal.verdict == "wait":
        after = LOCKOUT if refusal is BARRED else None
        return ChannelDown(f"{place}现在不能发送：{told}；{KEPT}", after=after)
    if refusal.verdict == "unanswered":
        return Unanswered(f"{place}没有说清：{told}；{KEPT}")
    return TemporaryFailure(f"{place}这次没有受理：{told}；{KEPT}")

"""What a gateway's answer means for a message: another try, the end, or a wait of the whole channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from .errors import ChannelDown, DeliveryFailure, PermanentFailure, TemporaryFailure
from .http import KEPT

__all__ = ["UNKNOWN", "Refusal", "Verdict", "meaning", "refused"]

Verdict = Literal["temporary", "permanent", "wait"]


class Refusal(Struct, frozen=True):
    """What one answer code means.

    `verdict`: "temporary" is worth another try, "permanent" is not as long as the message is what it is, "wait" is
    about the account or the gateway, so no message gets through now. `why` is told to people, with what to do.
    """

    verdict: Verdict
    why: str


UNKNOWN = Refusal("temporary", "原因不明，请查对服务商的错误码说明")


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
        return ChannelDown(f"{place}现在不能发送：{told}；{KEPT}")
    return TemporaryFailure(f"{place}这次没有受理：{told}；{KEPT}")

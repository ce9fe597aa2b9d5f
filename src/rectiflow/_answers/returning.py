"""A message that came back: counted against its address, which is given up in the end, with somebody told to mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rectiflow._unreached import let_call
from rectiflow.engine.decision import IncidentDraft
from rectiflow.engine.visibility import masked_phone
from rectiflow.storage import incoming
from rectiflow.storage.incoming import Limits

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow.notifiers.blame import Blame
    from rectiflow.storage.incoming import OutboxRow

__all__ = ["LIMITS", "arrived", "came_back"]

#: An address is given up after two returns that say it does not exist, or five of any kind, within thirty days of each other.
LIMITS = Limits(hard=2, any=5, days=30)


def came_back(
    flow: Rectiflow, channel: str, address: str, why: str, message: OutboxRow | None, *, blame: Blame, by: str
) -> str:
    """Take note of a return, and count it against its address unless the message itself was at fault.

    From the second one that says the address does not exist on, or the fifth of any kind, nothing is sent there any more:
    an incident says which address is to be corrected. Who was to be told of a hazard is called then, and whenever what
    came back was refused for what it is.

    Args:
        by: id of what came in, which counts once.

    Returns:
        what was done, in Chinese.
    """
    if blame == "message":
        return _refused(flow, channel, address, why, message)
    found = incoming.fault(
        flow.store.engine, flow.district, channel=channel, address=address, at=flow.now(), detail=why,
        hard=blame == "address", limits=LIMITS, by=by,
    )  # fmt: skip
    shown = _shown(channel, address)
    if not found.dead:
        return f"{shown} 退回第 {found.failures} 次（{why}）"
    who = flow.directory().person_name(message.recipient) if message else ""
    said = f"{who}的地址 {shown} 退回 {found.failures} 次，已停发（{why}）；请用 person reach 更正或恢复，并电话告知"
    _tell(flow, f"address:{channel}:{address}", said, message)
    return said


def arrived(flow: Rectiflow, channel: str, address: str, message: OutboxRow, told: str) -> None:
    """Note that a message reached its address; what came back from there before is forgotten."""
    incoming.note(flow.store.engine, flow.district, message.key, told)
    incoming.forgive(flow.store.engine, flow.district, address, channel=channel)


def _refused(flow: Rectiflow, channel: str, address: str, why: str, message: OutboxRow | None) -> str:
    """Tell the office that a message was not wanted for what it is; the address is as good as before."""
    said = f"发给 {_shown(channel, address)} 的消息被对方退回，不是地址的问题（{why}）；请电话告知，改好后用 outbox retry 重发"
    if message is not None:
        _tell(flow, f"returned:{message.key}", said, message)
    return said


def _tell(flow: Rectiflow, key: str, said: str, message: OutboxRow | None) -> None:
    number = message.number if message else None
    incident = IncidentDraft(key=key, kind="message", message=said)
    flow.store.raise_incident(flow.district, incident, now=flow.now(), number=number)
    if message is not None:
        let_call(flow, message.key, number, message.recipient, said)


def _shown(channel: str, address: str) -> str:
    return (masked_phone(address) or address) if channel == "sms" else address

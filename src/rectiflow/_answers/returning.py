"""A message that came back: counted against its address, which is given up in the end, with somebody told to mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rectiflow.engine.decision import IncidentDraft
from rectiflow.engine.errors import Conflict, NotFound, Refused
from rectiflow.engine.stimulus import Unreached
from rectiflow.engine.visibility import masked_phone
from rectiflow.storage import incoming

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow.storage.incoming import OutboxRow

__all__ = ["DEAD_AFTER", "came_back"]

DEAD_AFTER = {True: 2, False: 5}  #: returns until an address is given up: permanent, temporary


def came_back(
    flow: Rectiflow, channel: str, address: str, why: str, message: OutboxRow | None, *, permanent: bool
) -> str:
    """Count a return; from the second permanent or fifth temporary one on nothing is sent there any more.

    Then an incident says which address is to be corrected, and whoever was to be told of a hazard is called.

    Returns:
        what was done, in Chinese.
    """
    found = incoming.fault(
        flow.store.engine, flow.district, channel=channel, address=address, at=flow.now(), detail=why,
        dead_after=DEAD_AFTER[permanent],
    )  # fmt: skip
    shown = masked_phone(address) if channel == "sms" else address
    if not found.dead:
        return f"{shown} 退回第 {found.failures} 次（{why}）"
    who = flow.directory().person_name(message.recipient) if message else ""
    said = f"{who}的地址 {shown} 退回 {found.failures} 次，已停发（{why}）；请用 person reach 更正或恢复，并电话告知"
    number = message.number if message else None
    incident = IncidentDraft(key=f"address:{channel}:{address}", kind="message", message=said)
    flow.store.raise_incident(flow.district, incident, now=flow.now(), number=number)
    if message is not None and number is not None:
        _call(flow, number, message.recipient, said)
    return said


def _call(flow: Rectiflow, number: str, person: str, why: str) -> None:
    from rectiflow._desk import waiting_calls

    if waiting_calls(flow, number):
        return
    try:
        flow.handle(number, Unreached(person=person, why=why))
    except (Refused, NotFound, Conflict):  # nobody is to be called about it: the incident says enough
        return

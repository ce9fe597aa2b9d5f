"""Short messages: signature, length, parts."""

from __future__ import annotations

from .errors import RenderFailure
from .message import SMS, Contact, Message, Rendered
from .mime import message_id
from .parameters import fill
from .plaintext import one_line
from .templates import TemplateSet

__all__ = ["compose_sms", "count_parts"]

SINGLE = 70  #: UTF-16 units of one short message in Chinese (3GPP TS 23.040, UCS-2)
JOINED = 67  #: of each part of a longer one


def compose_sms(
    message: Message, contact: Contact, *, templates: TemplateSet, signature: str, replies: bool = False
) -> Rendered:
    """Render a message as a short message that begins with 【signature】; a substitute is told for whom.

    Args:
        replies: answers to it are read, and it says so where it can be signed for.

    Raises:
        RenderFailure: no telephone number, no such template, or it fails on these parameters.
    """
    phone = one_line(contact.phone or "")
    if not phone:
        raise RenderFailure(f"{contact.name}没有登记手机号，请补上后重发。")
    params = fill(message, contact, district_name=signature)
    words = templates.sms(message.template, params, replies=replies and message.invited)
    proxy = f"（代{one_line(contact.standing_in_for)}）" if contact.standing_in_for else ""
    return Rendered(
        channel=SMS,
        to=phone,
        subject=None,
        body=f"【{one_line(signature)}】{proxy}{words}".encode(),
        message_id=message_id(message, "sms"),
        template_version=templates.version(message.template),
    )


def count_parts(text: str) -> int:
    """Return how many short messages a text is charged as."""
    units = len(text.encode("utf-16-le")) // 2
    return 1 if units <= SINGLE else -(-units // JOINED)

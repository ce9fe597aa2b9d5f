"""SMPP 3.4 in bytes: packets, the bodies that are sent, and what a delivery says. Nothing here knows a connection.

Numbers are unsigned and big-endian; a text field ends with a zero byte (SMPP 3.4, 3.1 and 3.2).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from rectiflow.engine.errors import RectiflowError

__all__ = [
    "BIND_TRANSCEIVER",
    "DELIVER_SM",
    "ENQUIRE_LINK",
    "GENERIC_NACK",
    "HEAD",
    "RESPONSE",
    "SUBMIT_SM",
    "UNBIND",
    "Address",
    "BadPdu",
    "Delivery",
    "Long",
    "Pdu",
    "Piece",
    "bind_body",
    "bytes_of",
    "message_id_of",
    "pdu_of",
    "pieces_of",
    "read_delivery",
    "size_of",
    "submit_body",
]

# command_id (SMPP 3.4, 5.1.2.1)
RESPONSE = 0x80000000  #: the bit of an answer
GENERIC_NACK = 0x80000000
SUBMIT_SM = 0x00000004
DELIVER_SM = 0x00000005
UNBIND = 0x00000006
BIND_TRANSCEIVER = 0x00000009
ENQUIRE_LINK = 0x00000015

HEAD = 16  #: bytes of a packet before its body (5.1.1)
MAX_PDU = 70_000  #: bytes; the longest message_payload has 64 KiB (5.3.2.32)
VERSION = 0x34  #: of the protocol (5.2.4)
UCS2 = 0x08  #: data_coding (5.2.19)
UDHI = 0x40  #: esm_class: the text begins with a header (5.2.12)
MESSAGE_PAYLOAD = 0x0424  #: (5.3.2.32)

SINGLE = 140  #: bytes of one short message (3GPP TS 23.040, 9.2.3.24)
PART = 134  #: of them, for text, where six are taken by the header that says which part it is (9.2.3.24.1)
MAX_PARTS = 255
MAX_PAYLOAD = 0xFFFF

Long = Literal["payload", "parts"]


class BadPdu(RectiflowError):
    """Bytes that are no packet of SMPP, or a text that does not fit into any."""


class Pdu(Struct, frozen=True, kw_only=True):
    """One packet; `sequence` joins an answer to its request."""

    command: int
    status: int = 0
    sequence: int
    body: bytes = b""


class Address(Struct, frozen=True):
    """A number or a name, with its type of number and numbering plan (SMPP 3.4, 5.2.5 to 5.2.9)."""

    text: str
    ton: int = 0
    npi: int = 0


class Piece(Struct, frozen=True, kw_only=True):
    """What one submit_sm carries of a text: in short_message, or in message_payload."""

    esm_class: int = 0
    short: bytes = b""
    payload: bytes = b""


class Delivery(Struct, frozen=True, kw_only=True):
    """A deliver_sm: a receipt or a person's message; `text` is without its header."""

    source: str
    esm_class: int
    text: str
    extra: Mapping[int, bytes]  #: optional parameters by tag


def bytes_of(pdu: Pdu) -> bytes:
    """Return the bytes of a packet."""
    return struct.pack("!4I", HEAD + len(pdu.body), pdu.command, pdu.status, pdu.sequence) + pdu.body


def size_of(head: bytes) -> int:
    """Return how many bytes the packet has that begins with these sixteen.

    Raises:
        BadPdu: no packet has so many.
    """
    size: int = struct.unpack_from("!I", head)[0]
    if not HEAD <= size <= MAX_PDU:
        raise BadPdu(f"报文长度 {size} 不合 SMPP 3.4")
    return size


def pdu_of(head: bytes, body: bytes) -> Pdu:
    """Return the packet of a head and its body."""
    _, command, status, sequence = struct.unpack("!4I", head)
    return Pdu(command=command, status=status, sequence=sequence, body=body)


def bind_body(system_id: str, password: str, system_type: str) -> bytes:
    """Return the body of bind_transceiver (SMPP 3.4, 4.1.5)."""
    who = b"".join(map(_field, (system_id, password, system_type)))
    return who + struct.pack("!3B", VERSION, 0, 0) + _field("")


def submit_body(piece: Piece, source: Address, destination: Address, *, receipt: bool) -> bytes:
    """Return the body of submit_sm (SMPP 3.4, 4.4.1): UCS-2, delivered at once, for as long as the operator keeps it."""
    payload = struct.pack("!2H", MESSAGE_PAYLOAD, len(piece.payload)) + piece.payload if piece.payload else b""
    return b"".join(
        (
            _field(""),  # service_type
            _address(source),
            _address(destination),
            struct.pack("!3B", piece.esm_class, 0, 0),  # …, protocol_id, priority_flag
            _field("") + _field(""),  # schedule_delivery_time, validity_period
            struct.pack("!5B", int(receipt), 0, UCS2, 0, len(piece.short)),  # registered_delivery, replace, …, length
            piece.short,
            payload,
        )
    )


def pieces_of(text: str, long: Long, reference: int) -> list[Piece]:
    """Return a text as what each submit_sm carries of it; one that fits into a short message is one, either way.

    Args:
        text: of any characters; those beyond the 65536 first take two units of UTF-16, which are never parted.
        long: a longer one goes whole into message_payload, or in parts with a header each (3GPP TS 23.040, 9.2.3.24.1).
        reference: of the parts of one text, 0 to 255.

    Raises:
        BadPdu: the text is too long.
    """
    whole = text.encode("utf-16-be", "replace")
    if len(whole) <= SINGLE:
        return [Piece(short=whole)]
    if long == "payload":
        if len(whole) > MAX_PAYLOAD:
            raise BadPdu(f"文字有 {len(text)} 个字，超过一条短信所能容纳的")
        return [Piece(payload=whole)]
    parts = _parted(whole)
    if len(parts) > MAX_PARTS:
        raise BadPdu(f"文字有 {len(text)} 个字，要分 {len(parts)} 条，最多 {MAX_PARTS} 条")
    return [
        Piece(esm_class=UDHI, short=bytes((5, 0, 3, reference, len(parts), place)) + part)
        for place, part in enumerate(parts, start=1)
    ]


def message_id_of(body: bytes) -> str:
    """Return the operator's id from a submit_sm_resp (SMPP 3.4, 4.4.2); "" where it gives none."""
    return body.split(b"\0", 1)[0].decode("ascii", "replace")


def read_delivery(body: bytes) -> Delivery:
    """Read the body of a deliver_sm (SMPP 3.4, 4.6.1).

    Raises:
        BadPdu: it ends too early.
    """
    try:
        return _read_delivery(body)
    except (struct.error, ValueError) as exc:
        raise BadPdu("deliver_sm 报文不完整") from exc


def _read_delivery(body: bytes) -> Delivery:
    _, at = _text_at(body, 0)  # service_type
    source, at = _text_at(body, at + 2)
    _, at = _text_at(body, at + 2)  # destination
    (esm_class,) = struct.unpack_from("!B", body, at)
    _, at = _text_at(body, at + 3)  # schedule_delivery_time
    _, at = _text_at(body, at)  # validity_period
    coding, length = struct.unpack_from("!2xBxB", body, at)
    at += 5
    if at + length > len(body):
        raise ValueError("the text is cut off")
    extra = _parameters(body, at + length)
    said = body[at : at + length] or extra.get(MESSAGE_PAYLOAD, b"")
    if esm_class & UDHI and said:
        said = said[said[0] + 1 :]
    text = said.decode("utf-16-be" if coding == UCS2 else "latin-1", "replace")
    return Delivery(source=source, esm_class=esm_class, text=text, extra=extra)


def _parameters(body: bytes, at: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while at < len(body):
        tag, length = struct.unpack_from("!2H", body, at)
        found[tag] = body[at + 4 : at + 4 + length]
        at += 4 + length
    return found


def _text_at(body: bytes, at: int) -> tuple[str, int]:
    """Return the text field that begins at a place, and where the next field does."""
    end = body.index(b"\0", at)
    return body[at:end].decode("latin-1"), end + 1


def _parted(whole: bytes) -> list[bytes]:
    """Cut UTF-16 into parts that fit, never inside a pair."""
    parts: list[bytes] = []
    at = 0
    while at < len(whole):
        end = at + PART
        if end < len(whole) and 0xD8 <= whole[end - 2] <= 0xDB:  # the first half of a pair
            end -= 2
        parts.append(whole[at:end])
        at = end
    return parts


def _address(address: Address) -> bytes:
    return struct.pack("!2B", address.ton, address.npi) + _field(address.text)


def _field(text: str) -> bytes:
    return text.encode("ascii") + b"\0"

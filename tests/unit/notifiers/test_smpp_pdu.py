"""The bytes of SMPP 3.4, read by somebody else's library, and what of a delivery is understood."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from aiosmpplib import (  # type: ignore[import-untyped]
    NPI,
    TON,
    BindTransceiver,
    DeliverSm,
    PduHeader,
    PhoneNumber,
    SmppMessage,
    SubmitSm,
)
from hypothesis import given
from hypothesis import strategies as st

from rectiflow.notifiers import ChannelDown, PermanentFailure, TemporaryFailure, count_parts
from rectiflow.notifiers.smpp import receipt_of
from rectiflow.notifiers.smpp_answers import NAMES, bind_refused, refusal
from rectiflow.notifiers.smpp_pdu import (
    BIND_TRANSCEIVER,
    MAX_PDU,
    SUBMIT_SM,
    Address,
    BadPdu,
    Pdu,
    Piece,
    bind_body,
    bytes_of,
    message_id_of,
    pdu_of,
    pieces_of,
    read_delivery,
    size_of,
    submit_body,
)

AT = datetime(2024, 11, 4, 1, 30, tzinfo=UTC)
LONG = "【示例区教育局】第一小学教学楼二楼疏散通道堆放课桌椅😀请于2024年12月31日前整改。" * 6
TEXTS = st.text(min_size=1, max_size=400)  # without halves of pairs, as text from a file is


def _read(kind: Any, pdu: bytes) -> Any:
    """Read a packet with aiosmpplib."""
    header: PduHeader = SmppMessage.parse_header(pdu)
    assert header.pdu_length == len(pdu)
    return kind.from_pdu(pdu, header, "ucs2")


def _submitted(piece: Piece) -> Any:
    body = submit_body(piece, Address("10690001", 3, 1), Address("13800000001", 1, 1), receipt=True)
    return _read(SubmitSm, bytes_of(Pdu(command=SUBMIT_SM, sequence=7, body=body)))


def test_a_login_as_another_library_reads_it() -> None:
    """Every field is at its place."""
    pdu = bytes_of(Pdu(command=BIND_TRANSCEIVER, sequence=9, body=bind_body("bureau", "geheim7!", "SMS")))
    read = _read(BindTransceiver, pdu)
    assert (read.sequence_num, read.system_id, read.password, read.system_type) == (9, "bureau", "geheim7!", "SMS")
    assert (read.interface_version, read.address_range) == (0x34, "")


def test_a_short_message_as_another_library_reads_it() -> None:
    """Numbers, types, receipt flag and text; nothing is asked for that was not set."""
    (piece,) = pieces_of("【示例区教育局】请整改😀", "payload", 0)
    read = _submitted(piece)
    assert read.short_message == "【示例区教育局】请整改😀"
    assert read.source == PhoneNumber("10690001", TON(3), NPI(1))
    assert read.destination == PhoneNumber("13800000001", TON(1), NPI(1))
    assert (read.registered_delivery, read.esm_class, read.encoding, read.validity_period) == (1, 0, "ucs2", None)


def test_a_long_message_as_another_library_reads_it() -> None:
    """Whole in message_payload, or in parts that say which they are."""
    (piece,) = pieces_of(LONG, "payload", 0)
    assert _submitted(piece).message_payload == LONG
    parts = [_submitted(piece) for piece in pieces_of(LONG, "parts", 200)]
    assert [part.get_segmentation_data() for part in parts] == [(200, n, len(parts)) for n in range(1, len(parts) + 1)]
    assert "".join(part.short_message for part in parts) == LONG


@given(text=TEXTS)
def test_parts_are_whole_characters(text: str) -> None:
    """Each part is readable by itself and fits; together they are the text, as many as it is charged as at least."""
    parts = pieces_of(text, "parts", 1)
    cut = [piece.short[6:] if piece.esm_class else piece.short for piece in parts]
    assert "".join(part.decode("utf-16-be") for part in cut) == text
    assert all(len(piece.short) <= 140 for piece in parts)
    assert len(parts) >= count_parts(text)


def test_what_is_too_long_is_said() -> None:
    """More than 255 parts, or more than 64 KiB, is no message."""
    assert len(pieces_of("整" * 67 * 255, "parts", 1)) == 255
    with pytest.raises(BadPdu, match="256 条，最多 255 条"):
        pieces_of("整" * (67 * 255 + 1), "parts", 1)
    with pytest.raises(BadPdu, match="33000 个字"):
        pieces_of("整" * 33000, "payload", 1)


@pytest.mark.parametrize("size", [0, 15, MAX_PDU + 1, 0x48545450])
def test_what_is_no_packet(size: int) -> None:
    """A web server's answer ("HTTP") is not waited for as a packet of a gigabyte."""
    with pytest.raises(BadPdu):
        size_of(size.to_bytes(4, "big") + bytes(12))


@given(body=st.binary(max_size=60))
def test_any_bytes_are_a_delivery_or_refused(body: bytes) -> None:
    """Nothing else is raised for what a stranger sends."""
    with contextlib.suppress(BadPdu):
        read_delivery(body)
    message_id_of(body)


@pytest.mark.parametrize("text", ["好的，已整改😀", "OK", "整" * 300])
def test_a_delivery_from_another_library(text: str) -> None:
    """Short or long, in Chinese or not."""
    message = DeliverSm(short_message=text, source=PhoneNumber("13800000001"), destination=PhoneNumber("10690001"))
    pdu = message.pdu()
    read = read_delivery(pdu_of(pdu[:16], pdu[16:]).body)
    assert (read.source, read.text, read.esm_class) == ("13800000001", text, 0)


def test_a_receipt_as_operators_write_it() -> None:
    """Id, state, and the date in local time (SMPP 3.4, appendix B)."""
    text = "id:0A1B sub:001 dlvrd:001 submit date:2411040930 done date:2411040931 stat:DELIVRD err:000 text:id:9 stat:X"
    receipt = receipt_of(text, phone="13800000001", at=AT)
    assert receipt is not None
    assert (receipt.vendor_id, receipt.phone, receipt.delivered, receipt.code) == (
        "0A1B",
        "13800000001",
        True,
        "DELIVRD",
    )
    assert receipt.at == datetime(2024, 11, 4, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "code", "at"),
    [
        (
            "id:7 stat:UNDELIV err:011 done date:241104093115",
            "UNDELIV 011",
            datetime(2024, 11, 4, 1, 31, 15, tzinfo=UTC),
        ),
        ("ID:7 SUB:1 STAT:rejectd ERR:MK:0001", "REJECTD MK:0001", AT),
        ("id:7 stat:EXPIRED err:000 done date:9999999999", "EXPIRED", AT),
        ("stat:UNKNOWN", "UNKNOWN", AT),
    ],
)
def test_receipts_of_failures(text: str, code: str, at: datetime) -> None:
    """The state with its number; a date that cannot be read is the time of arrival, a missing id the parameter's."""
    receipt = receipt_of(text, phone="1", at=AT, receipted="7")
    assert receipt is not None
    assert (receipt.vendor_id, receipt.delivered, receipt.code, receipt.at) == ("7", False, code, at)


@pytest.mark.parametrize("text", ["", "id:7", "stat:DELIVRD", "id:7 stat:ENROUTE", "id:7 stat:ACCEPTD", "退订"])
def test_what_is_no_receipt(text: str) -> None:
    """It names no message, or says nothing final."""
    assert receipt_of(text, phone="1", at=AT) is None


@given(text=st.text(max_size=80))
def test_no_text_of_a_receipt_fails(text: str) -> None:
    """Whatever an operator writes."""
    receipt_of(text, phone="1", at=AT)
    receipt_of(f"id:1 stat:{text} done date:{text}", phone="1", at=AT)


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (0x58, TemporaryFailure, "0x58 ESME_RTHROTTLED，发送太快）.*rate"),
        (0x14, TemporaryFailure, "队列已满.*暂时"),
        (0x08, TemporaryFailure, "系统错误.*暂时"),
        (0x45, TemporaryFailure, "提交失败"),
        (0x64, TemporaryFailure, "暂时"),
        (0xFF, TemporaryFailure, "未知错误"),
        (0x0401, TemporaryFailure, "0x401 服务商自定的状态码"),
        (0x0B, PermanentFailure, "接收号码无效.*更正手机号"),
        (0x01, PermanentFailure, "缩短"),
        (0x43, PermanentFailure, "payload"),
        (0xC1, PermanentFailure, "parts"),
        (0x66, PermanentFailure, "拒收"),
        (0x0A, ChannelDown, "source"),
        (0x0D, ChannelDown, "system_id"),
        (0x0E, ChannelDown, "口令"),
        (0x0F, ChannelDown, "system_id"),
        (0x04, ChannelDown, "登录状态"),
        (0x51, ChannelDown, "destination_npi"),
    ],
)
def test_what_a_status_means(status: int, kind: type[TemporaryFailure], words: str) -> None:
    """Worth another try, never taken, or nothing gets through; the number is masked by who asks."""
    failure = refusal(status, "sms.example:2775", "138****0001")
    assert type(failure) is kind
    assert failure.code == status
    assert "138****0001" in str(failure)
    with pytest.raises(kind, match=words):
        raise failure


@pytest.mark.parametrize("status", [*NAMES, 0x0999])
def test_every_refused_login_stops_the_channel(status: int) -> None:
    """Whatever the status: no message would get through."""
    down = bind_refused(status, "sms.example:2775")
    assert (type(down), down.code) == (ChannelDown, status)

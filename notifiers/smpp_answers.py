"""What an operator's command_status and a broken connection mean for a message, told in Chinese."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

from rectiflow.engine.errors import os_reason, tls_reason

from .errors import KEPT, ChannelDown, DeliveryFailure, PermanentFailure, TemporaryFailure, Unanswered
from .plaintext import one_line, shorten

__all__ = ["Dropped", "Lost", "Unbound", "bind_refused", "in_parts", "no_connection", "refusal", "unanswered"]

MAX_ANSWER = 200  #: characters kept of what a stranger says

#: command_status (SMPP 3.4, 5.1.3), by what it means for a message; what stands in none may be over in a minute.
NAMES: Mapping[int, str] = {
    0x01: "ESME_RINVMSGLEN，短信长度无效",
    0x03: "ESME_RINVCMDID，不支持此命令",
    0x04: "ESME_RINVBNDSTS，登录状态不对",
    0x05: "ESME_RALYBND，同一账号已经登录",
    0x07: "ESME_RINVREGDLVFLG，不接受状态报告标志",
    0x08: "ESME_RSYSERR，系统错误",
    0x0A: "ESME_RINVSRCADR，发送号码无效",
    0x0B: "ESME_RINVDSTADR，接收号码无效",
    0x0D: "ESME_RBINDFAIL，登录失败",
    0x0E: "ESME_RINVPASWD，口令错误",
    0x0F: "ESME_RINVSYSID，账号错误",
    0x14: "ESME_RMSGQFUL，队列已满",
    0x15: "ESME_RINVSERTYP，服务类型无效",
    0x43: "ESME_RINVESMCLASS，不接受长短信分条",
    0x45: "ESME_RSUBMITFAIL，提交失败",
    0x48: "ESME_RINVSRCTON，发送号码的 TON 无效",
    0x49: "ESME_RINVSRCNPI，发送号码的 NPI 无效",
    0x50: "ESME_RINVDSTTON，接收号码的 TON 无效",
    0x51: "ESME_RINVDSTNPI，接收号码的 NPI 无效",
    0x53: "ESME_RINVSYSTYP，system_type 无效",
    0x58: "ESME_RTHROTTLED，发送太快",
    0x64: "ESME_RX_T_APPN，暂时不能受理",
    0x65: "ESME_RX_P_APPN，不予受理",
    0x66: "ESME_RX_R_APPN，拒收",
    0xC0: "ESME_RINVOPTPARSTREAM，不接受可选参数",
    0xC1: "ESME_ROPTPARNOTALLWD，不允许可选参数",
    0xC4: "ESME_RINVOPTPARAMVAL，可选参数的值无效",
    0xFF: "ESME_RUNKNOWNERR，未知错误",
}
_SETTING: Mapping[int, str] = {
    0x03: "请联系短信服务商核对协议版本",
    0x04: "请稍后再试或联系短信服务商",
    0x05: "请确认没有另一处用同一账号登录",
    0x07: "请在设置中写 receipts = false",
    0x0A: "请核对设置中的 source",
    0x0D: "请核对设置中的 system_id、口令和 system_type",
    0x0E: "请核对口令",
    0x0F: "请核对设置中的 system_id",
    0x15: "请联系短信服务商",
    0x48: "请核对设置中的 source_ton",
    0x49: "请核对设置中的 source_npi",
    0x50: "请核对设置中的 destination_ton",
    0x51: "请核对设置中的 destination_npi",
    0x53: "请核对设置中的 system_type",
}
_FINAL: Mapping[int, str] = {
    0x01: "请缩短文字，或改设置 long",
    0x0B: "请更正手机号后重发",
    0x43: '请在设置中写 long = "payload" 后重发',
    0x65: "请联系短信服务商后重发",
    0x66: "请联系短信服务商后重发",
    0xC0: '请在设置中写 long = "parts" 后重发',
    0xC1: '请在设置中写 long = "parts" 后重发',
    0xC4: '请在设置中写 long = "parts" 后重发',
}


class Dropped(Exception):
    """The connection went away, or says what is no SMPP."""


class Lost(Dropped):
    """It went away after a request was written: the request may have been carried out."""


class Unbound(Exception):
    """The login was refused; `status` is the operator's command_status."""

    def __init__(self, status: int, /) -> None:
        self.status = status
        super().__init__(status)


def refusal(status: int, place: str, phone: str) -> DeliveryFailure:
    """Translate the command_status of a submit_sm_resp (SMPP 3.4, 4.4.2); `phone` is masked already."""
    told = f"短信网关 {place} 没有受理发往 {phone} 的短信（{_named(status)}）"
    if status in _SETTING:
        return ChannelDown(f"{told}，{_SETTING[status]}；{KEPT}", code=status)
    if status in _FINAL:
        return PermanentFailure(f"{told}，{_FINAL[status]}。", code=status)
    hint = "，请调低设置中的 rate" if status == 0x58 else "，属暂时情况"
    return TemporaryFailure(f"{told}{hint}；{KEPT}", code=status)


def bind_refused(status: int, place: str) -> ChannelDown:
    """Translate the command_status of a bind_transceiver_resp: whatever it is, nothing gets through."""
    hint = _SETTING.get(status, "请稍后再试或联系短信服务商")
    return ChannelDown(f"短信网关 {place} 拒绝登录（{_named(status)}），{hint}；{KEPT}", code=status)


def no_connection(exc: Exception, place: str) -> ChannelDown:
    """Translate why there is no usable connection."""
    if isinstance(exc, Unbound):
        return bind_refused(exc.status, place)
    if isinstance(exc, ssl.SSLCertVerificationError):
        what = (
            "已过期，请联系短信服务商，并核对本机日期" if "expired" in exc.verify_message else "不可信，请指定 ca_file"
        )
        return ChannelDown(f"短信网关 {place} 的证书{what}；{KEPT}")
    if isinstance(exc, ssl.SSLError):
        return ChannelDown(f"与短信网关 {place} 建立加密连接失败（{tls_reason(exc)}），请核对端口和 tls；{KEPT}")
    if isinstance(exc, TimeoutError):
        return ChannelDown(f"短信网关 {place} 没有及时应答登录，请核对地址、端口和网络；{KEPT}")
    if isinstance(exc, Dropped):
        return ChannelDown(
            f"短信网关 {place} 在登录前后中断了连接（{_quoted(exc)}），请核对端口和 tls，稍后再试；{KEPT}"
        )
    return ChannelDown(f"连接不上短信网关 {place}（{_quoted(os_reason(exc))}），请核对地址、端口、网络和防火墙；{KEPT}")


def unanswered(exc: Exception, place: str) -> Unanswered:
    """Say that a message was handed over and nothing came back: it may arrive twice."""
    why = "没有及时应答" if isinstance(exc, TimeoutError) else f"中断了连接（{_quoted(exc)}）"
    return Unanswered(f"短信网关 {place} {why}，不知道收没收到，再发可能重复；{KEPT}")


def in_parts(exc: ChannelDown) -> Unanswered:
    """Say that the first parts of a message are handed over and the others are not."""
    return Unanswered(f"这条短信只交出了一部分，再发可能重复：{exc}", code=exc.code)


def _named(status: int) -> str:
    return f"0x{status:02X} {NAMES.get(status, '服务商自定的状态码')}"


def _quoted(words: object) -> str:
    return shorten(one_line(str(words)), MAX_ANSWER)

"""Short messages by Alibaba Cloud: SendSms of Dysmsapi 2017-05-25, signed with ACS3-HMAC-SHA256.

SendSms knows no idempotence (its documentation says so): a request that broke off and is tried again may be sent twice.
OutId is our message id without its brackets, so that a receipt finds its message.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from urllib.parse import quote, urlsplit

from .given import Given
from .http import HttpAnswer, quoted
from .http_sms import HttpSms, Judged, Request, read_door
from .message import Rendered
from .refusals import Refusal, meaning, unnamed
from .registry import About
from .sms_codes import coded, compose_coded, read_codes

__all__ = ["REFUSALS", "AliyunSettings", "channel", "judged", "query_string", "request", "signed_headers"]

ALGORITHM = "ACS3-HMAC-SHA256"
ENDPOINT = "https://dysmsapi.aliyuncs.com"
PLACE = "阿里云短信"
VENDOR = "aliyun"
VARIABLE_LIMIT = (
    35  #: characters of a variable in notices applied for since 2018-01-10 (developer.aliyun.com/ask/220871)
)
NO_CONTENT = hashlib.sha256(b"").hexdigest()

_TEMPLATE = Refusal("permanent", "短信模板不可用，请核对 codes 中的模板编号和审核结果")
_PARAMS = Refusal("permanent", "模板变量不合要求，请核对 codes 中的变量和模板的变量属性")
_CONTENT = Refusal("permanent", "短信内容不合规，请修改内容或模板")
_SIGN = Refusal("wait", "短信签名不可用，请核对 sign 和签名的审核、报备结果")
_MONEY = Refusal("wait", "账户余额不足，请充值")
_ACCOUNT = Refusal("wait", "账户或服务不可用，请在控制台核对")
_KEY = Refusal("wait", "AccessKey 不被接受，请核对 access_key_id、access_key_secret 和授权")
_CLOCK = Refusal("wait", "请求时间不被接受，请核对本机时间")
_BUSY = Refusal("wait", "请求过于频繁")
_ADDRESS = Refusal("wait", "来源地址不被允许，请在控制台核对 IP 白名单")
_OUTAGE = Refusal("temporary", "服务商系统故障")

#: By code; from 国内消息API错误码 (help.aliyun.com/document_detail/101346.html) and the common codes of OpenAPI.
REFUSALS: Mapping[str, Refusal] = {
    "isv.MOBILE_NUMBER_ILLEGAL": Refusal("permanent", "手机号不正确，请核对登记的手机号"),
    "isv.MOBILE_COUNT_OVER_LIMIT": Refusal("permanent", "手机号不正确，请核对登记的手机号"),
    "isv.BUSINESS_LIMIT_CONTROL": Refusal("temporary", "该号码收到的短信超过频次限制"),
    "isv.SMS_TEST_NUMBER_LIMIT": Refusal("permanent", "测试签名只能发给控制台登记的号码，请使用正式签名"),
    "isv.DAY_LIMIT_CONTROL": Refusal("wait", "达到日发送限额，请在控制台调整"),
    "isv.MONTH_LIMIT_CONTROL": Refusal("wait", "达到月发送限额，请在控制台调整"),
    "isv.SMS_TEMPLATE_ILLEGAL": _TEMPLATE,
    "isv.SMS_TEST_TEMPLATE_LIMIT": _TEMPLATE,
    "isv.SMS_TEST_SIGN_TEMPLATE_LIMIT": _TEMPLATE,
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": _TEMPLATE,
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL": _TEMPLATE,
    "isv.TEMPLATE_MISSING_PARAMETERS": _PARAMS,
    "isv.TEMPLATE_PARAMS_ILLEGAL": _PARAMS,
    "isv.INVALID_JSON_PARAM": _PARAMS,
    "isv.PARAM_LENGTH_LIMIT": _PARAMS,
    "isv.PARAM_NOT_SUPPORT_URL": _PARAMS,
    "isv.INVALID_PARAMETERS": _PARAMS,
    "isv.BLACK_KEY_CONTROL_LIMIT": Refusal("permanent", "号码或内容在管控名单中，请改用别的方式联系或修改内容"),
    "isv.CUSTOMER_REFUSED": Refusal("permanent", "该号码已退订，请改用别的方式联系"),
    "isv.UNSUPPORTED_CONTENT": _CONTENT,
    "isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE": _TEMPLATE,
    "isv.SMS_CONTENT_ILLEGAL": _CONTENT,
    "isv.SMS_SIGNATURE_ILLEGAL": _SIGN,
    "isv.SMS_SIGN_ILLEGAL": _SIGN,
    "isv.SIGN_NAME_ILLEGAL": _SIGN,
    "isv.SIGN_STATE_ILLEGAL": _SIGN,
    "SIGNATURE_BLACKLIST": _SIGN,
    "isv.EXTEND_CODE_ERROR": Refusal("wait", "上行扩展码不可用，请核对 extend_code"),
    "isv.OUT_OF_SERVICE": Refusal("wait", "账户欠费停机，请充值"),
    "isv.AMOUNT_NOT_ENOUGH": _MONEY,
    "isv.BILLING_DEDUCTION_ERROR": _MONEY,
    "isv.PRODUCT_UN_SUBSCRIPT": _ACCOUNT,
    "isv.PRODUCT_UNSUBSCRIBE": _ACCOUNT,
    "isv.ACCOUNT_NOT_EXISTS": _ACCOUNT,
    "isv.ACCOUNT_ABNORMAL": _ACCOUNT,
    "isv.DENY_IP_RANGE": _ADDRESS,
    "isp.RAM_PERMISSION_DENY": _KEY,
    "isp.SYSTEM_ERROR": _OUTAGE,
    "isp.GATEWAY_ERROR": _OUTAGE,
    "isp.UNKNOWN": _OUTAGE,
    "SignatureDoesNotMatch": _KEY,
    "IncompleteSignature": _KEY,
    "InvalidAccessKeyId": _KEY,
    "InvalidSecurityToken": _KEY,
    "MissingAccessKeyId": _KEY,
    "Forbidden": _KEY,
    "NoPermission": _KEY,
    "InvalidTimeStamp": _CLOCK,
    "SignatureNonceUsed": Refusal("temporary", "请求被当作重复"),
    "Throttling": _BUSY,
    "ServiceUnavailable": Refusal("wait", "服务暂不可用"),
    "InternalError": _OUTAGE,
    "InvalidVersion": Refusal("wait", "网关地址不是短信服务的地址，请核对 url"),
    "InvalidAction": Refusal("wait", "网关地址不是短信服务的地址，请核对 url"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AliyunSettings:
    """The account, and the signature messages go out under."""

    key_id: str
    secret: str = field(repr=False)
    url: str
    sign: str
    extend_code: str  #: told back with a person's answer (SmsUp); "" for none


def channel(given: Given, about: About) -> HttpSms:
    """Make the channel of the settings `kind = "aliyun"`.

    Raises:
        ChannelNotConfigured: with every problem.
    """
    settings = AliyunSettings(
        key_id=given.text("access_key_id"),
        secret=given.secret("access_key_secret"),
        url=given.url("url", ENDPOINT).rstrip("/") + "/",
        sign=given.text("sign", about.signature),
        extend_code=given.text("extend_code", ""),
    )
    codes = read_codes(given, limit=VARIABLE_LIMIT, named=True)
    door = read_door(given, PLACE, hidden=(settings.secret, settings.key_id))
    given.done()
    words = partial(compose_coded, vendor=VENDOR, sign=settings.sign, codes=codes)
    return HttpSms(door, words=words, request=partial(request, settings), judge=judged, now=about.now)


def request(given: AliyunSettings, rendered: Rendered, at: datetime) -> Request:
    """Return the request for a message, signed for a time.

    Raises:
        PermanentFailure: the message was put into words for another channel.
    """
    stored = coded(rendered, VENDOR)
    found = {
        "OutId": rendered.message_id.strip("<>"),
        "PhoneNumbers": rendered.to,
        "SignName": given.sign,
        "SmsUpExtendCode": given.extend_code,
        "TemplateCode": stored.code,
        "TemplateParam": json.dumps(dict(stored.params), ensure_ascii=False) if stored.params else "",
    }
    query = query_string({name: value for name, value in found.items() if value})
    nonce = secrets.token_hex(16)
    headers = signed_headers(query, url=given.url, key_id=given.key_id, secret=given.secret, at=at, nonce=nonce)
    return Request(url=f"{given.url}?{query}", content=b"", headers=headers)


def judged(answer: HttpAnswer) -> Judged:
    """Say what an answer means; one that names no code does not tell."""
    code = str(answer.body.get("Code", ""))
    if code == "OK":
        return Judged(code=code, number=f"BizId {quoted(answer.body.get('BizId', ''))}")
    said, refusal = str(answer.body.get("Message", "")), meaning(code, REFUSALS) if code else unnamed(answer.status)
    return Judged(code=code or f"HTTP {answer.status}", said=said, refusal=refusal)


def query_string(parameters: Mapping[str, str]) -> str:
    """Return parameters sorted and escaped as the signature wants them (RFC 3986: "~" stays, a space is %20)."""
    return "&".join(f"{quote(name, safe='~')}={quote(parameters[name], safe='~')}" for name in sorted(parameters))


def signed_headers(query: str, *, url: str, key_id: str, secret: str, at: datetime, nonce: str) -> dict[str, str]:
    """Return the headers of a POST without content, signed (V3版本请求体&签名机制).

    Args:
        query: from `query_string`.
        url: the endpoint, with its path.
        key_id: names the key.
        secret: the key.
        at: the time of the request, which the vendor takes for some minutes only.
        nonce: never the same twice.
    """
    place = urlsplit(url)
    headers = {
        "host": place.netloc,
        "x-acs-action": "SendSms",
        "x-acs-content-sha256": NO_CONTENT,
        "x-acs-date": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "x-acs-signature-nonce": nonce,
        "x-acs-version": "2017-05-25",
    }
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = "\n".join(["POST", place.path or "/", query, lines, names, NO_CONTENT])
    to_sign = f"{ALGORITHM}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    return {**headers, "authorization": f"{ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}"}

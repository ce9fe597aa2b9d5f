"""Short messages by Tencent Cloud: SendSms of sms 2021-01-11, signed with TC3-HMAC-SHA256.

SessionContext is our message id, which the answer gives back. A receipt only names the vendor's SerialNo: it is in what
`send` returns.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import cast
from urllib.parse import urlsplit

from .given import Given
from .http import HttpAnswer, quoted
from .http_sms import HttpSms, Judged, Request, read_door
from .json_path import found_at, text_at
from .message import Rendered
from .refusals import Refusal, meaning, unnamed
from .registry import About
from .sms_codes import coded, compose_coded, read_codes

__all__ = ["REFUSALS", "TencentSettings", "authorization", "channel", "judged", "request"]

ALGORITHM = "TC3-HMAC-SHA256"
ENDPOINT = "https://sms.tencentcloudapi.com"
PLACE = "腾讯云短信"
SERVICE = "sms"
VENDOR = "tencent"
CONTENT_TYPE = "application/json"
#: Characters of a variable for accounts that are no enterprise; enterprises have no limit (what the vendor's SDK says of
#: InvalidParameterValue.TemplateParameterLengthLimit, sms/v20210111/errorcodes.py). Another page of the vendor says 6
#: (cloud.tencent.com/document/product/382/13301).
VARIABLE_LIMIT = 12

_NUMBER = Refusal("permanent", "手机号不正确，请核对登记的手机号")
_BLOCKED = Refusal("permanent", "该号码退订或在运营商黑名单中，请改用别的方式联系")
_TEMPLATE = Refusal("permanent", "短信模板不可用，请核对 codes 中的模板编号和审核结果")
_PARAMS = Refusal("permanent", "模板变量不合要求，请核对 codes 中的变量和 variable_limit")
_CONTENT = Refusal("permanent", "短信内容不合规，请修改内容或模板")
_OFTEN = Refusal("temporary", "该号码收到的短信超过频次限制")
_TOTAL = Refusal("wait", "达到日发送限额，请在控制台调整")
_SIGN = Refusal("wait", "短信签名不可用，请核对 sign 和签名的审核结果")
_MONEY = Refusal("wait", "套餐包用完或账户欠费，请充值")
_APP = Refusal("wait", "短信应用不可用，请核对 app_id 和控制台中的应用状态")
_KEY = Refusal("wait", "密钥不被接受，请核对 secret_id、secret_key 和授权")
_ADDRESS = Refusal("wait", "来源地址不被允许，请在控制台核对 IP 白名单")
_REQUEST = Refusal("permanent", "请求不合要求，请核对设置")
_CLOCK = Refusal("wait", "请求时间不被接受，请核对本机时间")
_BUSY = Refusal("wait", "请求过于频繁")
_OUTAGE = Refusal("temporary", "服务商系统故障")

#: By code, of a number in SendStatusSet or of the whole request; from the vendor's SDK (sms/v20210111/errorcodes.py) and
#: 公共错误码 (cloud.tencent.com/document/api/382/52075).
REFUSALS: Mapping[str, Refusal] = {
    "FailedOperation.ContainSensitiveWord": _CONTENT,
    "FailedOperation.FailResolvePacket": _REQUEST,
    "FailedOperation.InsufficientBalanceInSmsPackage": _MONEY,
    "FailedOperation.JsonParseFail": _REQUEST,
    "FailedOperation.MarketingSendTimeConstraint": Refusal("temporary", "现在不是营销短信的发送时间"),
    "FailedOperation.MissingSignature": _SIGN,
    "FailedOperation.MissingSignatureList": _SIGN,
    "FailedOperation.MissingTemplateList": _TEMPLATE,
    "FailedOperation.PhoneNumberInBlacklist": _BLOCKED,
    "FailedOperation.PhoneNumberOnBlacklist": _BLOCKED,
    "FailedOperation.SignatureIncorrectOrUnapproved": _SIGN,
    "FailedOperation.TemplateIncorrectOrUnapproved": _TEMPLATE,
    "FailedOperation.TemplateUnapprovedOrNotExist": _TEMPLATE,
    "FailedOperation.TemplateParamSetNotMatchApprovedTemplate": _PARAMS,
    "FailedOperation.OtherError": _OUTAGE,
    "FailedOperation.ParametersOtherError": _OUTAGE,
    "InternalError.JsonParseFail": _REQUEST,
    "InternalError.RequestTimeException": _CLOCK,
    "InternalError.RestApiInterfaceNotExist": Refusal("wait", "网关地址不是短信服务的地址，请核对 url"),
    "InternalError.SendAndRecvFail": _OUTAGE,
    "InternalError.SigFieldMissing": _KEY,
    "InternalError.SigVerificationFail": _KEY,
    "InternalError.Timeout": _OUTAGE,
    "InternalError": _OUTAGE,
    "InvalidParameter": _REQUEST,
    "InvalidParameter.AppidAndBizId": _APP,
    "InvalidParameter.DirtyWordFound": _CONTENT,
    "InvalidParameterValue": _REQUEST,
    "InvalidParameterValue.ContentLengthLimit": _CONTENT,
    "InvalidParameterValue.IncorrectPhoneNumber": _NUMBER,
    "InvalidParameterValue.InvalidTemplateFormat": _TEMPLATE,
    "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter": _PARAMS,
    "InvalidParameterValue.SdkAppIdNotExist": _APP,
    "InvalidParameterValue.TemplateParameterFormatError": _PARAMS,
    "InvalidParameterValue.TemplateParameterLengthLimit": _PARAMS,
    "InvalidParameterValue.TemplateWithDirtyWords": _CONTENT,
    "LimitExceeded.AppDailyLimit": _TOTAL,
    "LimitExceeded.AppCountryOrRegionDailyLimit": _TOTAL,
    "LimitExceeded.AppMainlandChinaDailyLimit": _TOTAL,
    "LimitExceeded.DailyLimit": _TOTAL,
    "LimitExceeded.DeliveryFrequencyLimit": _OFTEN,
    "LimitExceeded.PhoneNumberCountLimit": _REQUEST,
    "LimitExceeded.PhoneNumberDailyLimit": _OFTEN,
    "LimitExceeded.PhoneNumberOneHourLimit": _OFTEN,
    "LimitExceeded.PhoneNumberSameContentDailyLimit": _OFTEN,
    "LimitExceeded.PhoneNumberThirtySecondLimit": _OFTEN,
    "MissingParameter": _REQUEST,
    "MissingParameter.EmptyPhoneNumberSet": _NUMBER,
    "UnauthorizedOperation.IndividualUserMarketingSmsPermissionDeny": _TEMPLATE,
    "UnauthorizedOperation.RequestIpNotInWhitelist": _ADDRESS,
    "UnauthorizedOperation.RequestPermissionDeny": _KEY,
    "UnauthorizedOperation.SdkAppIdIsDisabled": _APP,
    "UnauthorizedOperation.SerivceSuspendDueToArrears": _MONEY,
    "UnauthorizedOperation.ServiceSuspendDueToArrears": _MONEY,
    "UnauthorizedOperation.SmsSdkAppIdVerifyFail": _APP,
    "UnauthorizedOperation": _KEY,
    "UnsupportedOperation.UnsuportedRegion": _NUMBER,
    "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone": _TEMPLATE,
    "UnsupportedOperation": _REQUEST,
    "AuthFailure": _KEY,
    "AuthFailure.RequestLimitExceeded": _BUSY,
    "AuthFailure.SignatureExpire": _CLOCK,
    "IpInBlacklist": _ADDRESS,
    "IpNotInWhitelist": _ADDRESS,
    "InvalidAction": Refusal("wait", "网关地址不是短信服务的地址，请核对 url"),
    "NoSuchVersion": Refusal("wait", "网关地址不是短信服务的地址，请核对 url"),
    "UnsupportedRegion": Refusal("wait", "地域不可用，请核对 region"),
    "RequestLimitExceeded": _BUSY,
    "ResourceInsufficient": _OUTAGE,
    "ServiceUnavailable": Refusal("wait", "服务暂不可用"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TencentSettings:
    """The account and its application, and the signature messages go out under."""

    secret_id: str
    secret_key: str = field(repr=False)
    app_id: str
    region: str
    url: str
    sign: str
    extend_code: str  #: told back with a person's answer; "" for none


def channel(given: Given, about: About) -> HttpSms:
    """Make the channel of the settings `kind = "tencent"`.

    Raises:
        ChannelNotConfigured: with every problem.
    """
    settings = TencentSettings(
        secret_id=given.text("secret_id"),
        secret_key=given.secret("secret_key"),
        app_id=given.text("app_id"),
        region=given.text("region", "ap-guangzhou"),
        url=given.url("url", ENDPOINT).rstrip("/") + "/",
        sign=given.text("sign", about.signature),
        extend_code=given.text("extend_code", ""),
    )
    codes = read_codes(given, limit=VARIABLE_LIMIT, named=False)
    door = read_door(given, PLACE, hidden=(settings.secret_key, settings.secret_id))
    given.done()
    words = partial(compose_coded, vendor=VENDOR, sign=settings.sign, codes=codes)
    return HttpSms(door, words=words, request=partial(request, settings), judge=judged, now=about.now)


def request(given: TencentSettings, rendered: Rendered, at: datetime) -> Request:
    """Return the request for a message, signed for a time.

    Raises:
        PermanentFailure: the message was put into words for another channel.
    """
    stored, place = coded(rendered, VENDOR), urlsplit(given.url)
    body: dict[str, object] = {
        "PhoneNumberSet": [f"+86{rendered.to}"],
        "SmsSdkAppId": given.app_id,
        "SignName": given.sign,
        "TemplateId": stored.code,
        "TemplateParamSet": [value for _, value in stored.params],
        "SessionContext": rendered.message_id,
        **({"ExtendCode": given.extend_code} if given.extend_code else {}),
    }
    content = json.dumps(body, ensure_ascii=False).encode()
    signed = authorization(
        content, host=place.netloc, path=place.path, secret_id=given.secret_id, secret_key=given.secret_key, at=at
    )
    headers = {
        "authorization": signed,
        "content-type": CONTENT_TYPE,
        "host": place.netloc,
        "x-tc-action": "SendSms",
        "x-tc-region": given.region,
        "x-tc-timestamp": str(int(at.timestamp())),
        "x-tc-version": "2021-01-11",
    }
    return Request(url=given.url, content=content, headers=headers)


def judged(answer: HttpAnswer) -> Judged:
    """Say what an answer means for the one number, or for the request where it was refused as a whole.

    One that speaks of neither does not tell.
    """
    listed = found_at(answer.body, "Response.SendStatusSet")
    first = next(iter(cast("list[object]", listed)), None) if isinstance(listed, list) else None
    status = found_at(answer.body, "Response.Error") or first
    code = text_at(status, "Code")
    if code == "Ok":
        return Judged(code=code, number=f"SerialNo {quoted(text_at(status, 'SerialNo'))}")
    refusal = meaning(code, REFUSALS) if code else unnamed(answer.status)
    return Judged(code=code or f"HTTP {answer.status}", said=text_at(status, "Message"), refusal=refusal)


def authorization(content: bytes, *, host: str, path: str, secret_id: str, secret_key: str, at: datetime) -> str:
    """Return the Authorization of a POST of JSON (签名方法 v3).

    Args:
        content: the body.
        host: of the endpoint, with a port where it is not the usual one.
        path: of the endpoint.
        secret_id: names the key.
        secret_key: the key.
        at: the time of the request; the vendor takes it for five minutes.
    """
    day = f"{at.astimezone(UTC):%Y-%m-%d}"
    scope = f"{day}/{SERVICE}/tc3_request"
    names = "content-type;host"
    lines = f"content-type:{CONTENT_TYPE}\nhost:{host}\n"
    request = "\n".join(["POST", path, "", lines, names, hashlib.sha256(content).hexdigest()])
    to_sign = f"{ALGORITHM}\n{int(at.timestamp())}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"TC3{secret_key}".encode()
    for part in (day, SERVICE, "tc3_request"):
        key = _mac(key, part)
    signature = _mac(key, to_sign).hex()
    return f"{ALGORITHM} Credential={secret_id}/{scope}, SignedHeaders={names}, Signature={signature}"


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()

"""What a carrier's code says of a short message that did not arrive: the number, the phone, or the message is to blame.

The tables, and where each word of ours comes from:

- Tencent Cloud, 状态回执错误码: cloud.tencent.com/document/product/382/3771, the codes of 移动 and of all carriers, as both
  editions of the vendor's documentation print them (github.com/tencentyun/qcloud-documents, product/移动与通信/短信/错误码.md).
- Alibaba Cloud, 回执错误码: help.aliyun.com/document_detail/101347.html (isv), and what the vendor says of carriers' codes in
  its alibabacloud-sms-send-short-message, references/sms-error-codes.md (MOBILE_IN_BLACK …).
- China Mobile, 短信网关返回信息状态代码说明: www.cnblogs.com/da-guang/p/5880631.html (CB and DB).
- Huawei Cloud, 状态回执错误码（国内短信）: support.huaweicloud.com/api-msgsms/sms_05_0051.html, and API错误码3:
  support.huaweicloud.com/devg-iotcom/iotcom_04_0303.html (MI:0073, MI:0210).
- SUBMAIL, 回执代码表: mysubmail.com/documents/1XQAE4 (BEYOND…, BLOCKED, SIGN…, KEYWORDS, ID:0076).
- Qiniu, 短信发送状态回执错误码: developer.qiniu.com/sms/5849/sms-error-code (XA).
- REJECTD: www.tencentcloud.com/document/product/382/35462 (forbidden words, a sender or words that were not registered).

Most codes of carriers say “空号、停机或关机” in one, and so accuse nobody. Bare numbers (China Unicom's, a gateway's own) are
left out: vendors give the same number different meanings (61 is 空号 at Tencent Cloud and 超流量 at Qiniu).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

__all__ = ["Blame", "blame"]

Blame = Literal["address", "busy", "message"]

#: The number does not exist, or was given up or cut off.
_ADDRESS = """
    MK:0000 MK:0001 MK:0012 MK:0013 MK00001 MN00013 XL:169
    CB:0001 CB:0053 DB:0101 DB:0102
    MI:0073 MI:0210
    isv.MOBILE_NUMBER_ILLEGAL
"""

#: The carrier or the cloud refused the words, the sender, one more message, or a number that wants none.
_MESSAGE = """
    REJECTD BWLIST TUIDING HIGRISK W-BLACK HD:19
    MX:0003 MX:0011 MX:0012 TE:0003 TE:0014 TD:0001 TD:0004 TD:19 TC:0001 TC:0007
    MB:1077 DB:0141 DB:0144 DB:0164 DB00144
    MOBILE_IN_BLACK MOBILE_SEND_LIMIT USER_REJECT CONTENT_KEYWORD CONTENT_ERROR
    KEYWORD BLACK TDBLACK TSBLACK MBBLACK LIMIT MILIMIT CTLIMIT
    BEYONDM BEYONDH BEYONDD BLOCKED PUBLOKD SIGNBLOCKED SIGFAIL QM_FAIL KEYWORDS ID:0076
    XA:0001 XA:0002 XA:0003 XA:0004 XA:0005
"""

_BLAMED: Mapping[str, Blame] = {
    **{code.upper(): "address" for code in _ADDRESS.split()},
    **{code.upper(): "message" for code in _MESSAGE.split()},
    "MOBILE BLACK": "message",
}
_REST = re.compile(r"[ _]\d+$")  #: what an operator adds to a state: "REJECTD 006", "BWLIST_006"


def blame(code: str) -> Blame:
    """Return what is to blame for a short message that did not arrive.

    Args:
        code: the carrier's, as a `Receipt` has it: "MK:0001", "UNDELIV 001", "MOBILE_IN_BLACK".

    Returns:
        "address": there is no such number, or it is out of service. "message": the carrier or the cloud refused the words,
        the sender, or yet another message. "busy": the phone was off or out of reach, the time ran out, or nobody knows.
    """
    said = " ".join(code.upper().split())
    found = _BLAMED.get(said) or _BLAMED.get(_REST.sub("", said))
    return found or ("message" if said.startswith("ISV.") else "busy")  # the cloud refused it before any carrier saw it

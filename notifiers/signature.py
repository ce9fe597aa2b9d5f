"""Who signs a letter, below what it says: cut where a program put it there, told apart where a person wrote it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

__all__ = ["SURNAMES", "cut_signature", "is_signature"]

SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙朱马胡郭林何高梁郑罗宋谢唐韩曹许邓萧肖冯曾程蔡彭潘袁董余苏叶吕魏蒋田杜丁沈姜范江傅钟卢汪戴崔"
    "任陆廖姚方金邱夏谭韦贾邹石熊孟秦阎薛侯雷段郝孔邵史毛顾赖武康贺严尹钱施洪龚"
)
_MASTER = re.compile(r"签名由\s*网易邮箱大师\s*定制|signature is customized by netease mail master", re.IGNORECASE)
_BARS = re.compile(r"\|[\s|]*\|")  #: opens the table of Mail Master's in plain text
_BLOCK = 12  #: lines of such a table
_NUMBER = r"(?:\+?86[ -]?)?(?:\d{3,4}[ -]?\d{7,8}|1\d{10})"
_CONTACT = re.compile(
    rf"(?:(?:联系)?(?:电话|手机|座机|邮箱|邮件|地址|传真|邮编|QQ|微信|tel|phone|mobile|e-?mail|fax)\s*[:号]?\s*.{{3,60}}"
    rf"|{_NUMBER}|[\w.+-]+@[\w.-]+\w)",
    re.IGNORECASE,
)
_DATE = re.compile(r"(?:\d{4}\s*[年./-]\s*)?\d{1,2}\s*[月./-]\s*\d{1,2}\s*日?")
_TITLE = r"(?:法定代表人|负责人|副?校长|副?园长|副?主任|老师|副?书记|副?院长|专干|安全员|干事)"
_PERSON = rf"(?!马上|周[一二三四五六日末]|方[案便]|高度|严重|任[务何]|余[下额])[{SURNAMES}]\w{{1,2}}"
_NAME = re.compile(_PERSON)
_TITLED = re.compile(
    rf"(?:安全|常务|分管)?{_TITLE}\s*[:]?\s*(?:{_PERSON})?|(?:{_PERSON}|[{SURNAMES}])\s*(?:安全)?{_TITLE}"
)
_ROOM = r"(?:(?:校长|园长|教务|总务|政教|教导|德育|后勤|保卫|安全)(?:办公室|室|处|办|科))"
_SCHOOL = re.compile(
    rf"(?!.*[请转在到给已没不是属归找与和由问])(?:.{{2,16}}(?:学校|小学|中学|高中|初中|幼儿园|校区|教学点|中心校){_ROOM}?|{_ROOM})"
    rf"\s*(?:{_TITLED.pattern})?"
)
_COURTESY = re.compile(r"(?:非常|多)?(?:谢谢|感谢)(?:您|领导|老师|支持)?|辛苦了?|此致|敬礼|祝好|顺祝商祺")


def cut_signature(lines: Iterable[str], sender: str) -> list[str]:
    """Return lines without what programs put below them: the sender's own address (Foxmail), Mail Master's block.

    Args:
        sender: the address, in lower case; "" where it is not known.
    """
    kept = list(lines)
    at = next((n for n, line in enumerate(kept) if _MASTER.fullmatch(line.strip())), None)
    if at is not None:
        del kept[_block_begins(kept, at) : at + 1]
    last = next((n for n in reversed(range(len(kept))) if kept[n].strip()), None)
    if last is not None and sender and kept[last].strip().lower().strip("<>") == sender:
        del kept[last:]
    return kept


def is_signature(text: str) -> bool:
    """Tell whether words are nothing but who signs: names, school, post, telephone, a date, thanks; one name alone is not."""
    lines = [unicodedata.normalize("NFKC", line).strip(" \t。.!！,，|") for line in text.splitlines()]
    lines = [line for line in lines if line]
    sure = [line for line in lines if any(p.fullmatch(line) for p in (_CONTACT, _DATE, _TITLED, _SCHOOL, _COURTESY))]
    return bool(sure) and all(line in sure or _NAME.fullmatch(line) for line in lines)


def _block_begins(lines: list[str], end: int) -> int:
    """Return where Mail Master's block begins: at its bars, else (from HTML) at the name above address or telephone."""
    top = max(0, end - _BLOCK)
    bars = [n for n in range(top, end) if _BARS.fullmatch(lines[n].strip())]
    if bars:
        return bars[0]
    at = end
    while at > top and (not lines[at - 1].strip() or _is_contact(lines[at - 1])):
        at -= 1
    named = any(_is_contact(line) for line in lines[at:end]) and any(line.strip() for line in lines[: at - 1])
    return at - 1 if named and len(lines[at - 1]) <= 20 else at


def _is_contact(line: str) -> bool:
    return _CONTACT.fullmatch(unicodedata.normalize("NFKC", line).strip()) is not None

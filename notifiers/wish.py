"""What an answer asks for, from its first line; the same for a mail and a short message.

Only a line that is nothing but the words counts: “我还没有签收” is a remark. What needs eyes or a decision (验收,
销号, 批准) is never taken by mail, it is only recognised, so that the sender can be told.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Literal

from msgspec import Struct

__all__ = ["Wish", "WishKind", "read_wish"]

WishKind = Literal["sign", "submit", "extend", "forbidden", "comment"]

_ENDS = " \t。.，,、!！~～;；:：?？\"'“”‘’()[]【】《》<>「」—-*#"
_SIGN = frozenset(
    {
        "1",
        "回复1",
        "回1",
        "签收",
        "已签收",
        "确认签收",
        "同意签收",
        "签收1",
        "收到",
        "已收到",
        "确认收到",
        "收悉",
        "已收悉",
    }
)
_DONE = re.compile(r"(我校|我园|我单位|本校|该隐患|隐患|问题|以上问题)?(现|均|都|全部|已|经)*整改(完成|完毕|到位)了?")
_SUBMIT = frozenset({"申请复查", "请复查", "请求复查", "请予复查", "申请复核", "提交复查"})
_FORBIDDEN = re.compile(
    r"(请|申请|现|已|经|同意|准予|予以|确认|可以|我|审核|审批)*(现场|整改|复查|验收|核查|延期|该隐患|隐患)*"
    r"(验收|销号|批准|审批|同意|准许|准予|合格|不合格|通过|不通过|未通过|不批准|不同意|驳回|退回|结案|销案)+(了)?"
    r"|(我|现)?(同意|准予|可以|不同意|不予)延期"
)
_DAY = r"(?:(?P<year>\d{4})\s*[-/.年]\s*)?(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})\s*[日号]?"
_EXTEND = re.compile(
    rf"(?:我校|我园|我单位|本校)?(?:现)?(?:申请|请求)(?:整改)?延期\s*(?:到|至)?\s*[:：]?\s*(?:{_DAY})?(?!\d)\s*(?:前|止|之前|以前)?"
    r"(?:(?:\s*[,，。;；:：、]\s*|\s+|\s*(?=[(（]|理由|原因|因))(?P<reason>.*))?"
)
_MAX_WORDS = 30  #: characters of a line that is nothing but the words
_MAX_LINE = 1_000  #: characters of a line that asks for an extension
_REASON = re.compile(r"[\s,，。;；:：、(（]*(?:理由|原因|因为|因)?\s*(?:是|为)?\s*[:：]?\s*")


class Wish(Struct, frozen=True, kw_only=True):
    """What is asked for. `text` is what was written besides the words that say so; all of it for a comment.

    `until` is the new day of an extension, None where no day can be read from it: then it must be asked for.
    """

    kind: WishKind
    text: str = ""
    until: date | None = None
    words: str = ""  #: the first line as it was understood


def read_wish(text: str, today: date) -> Wish:
    """Return what a text asks for; a day without a year is the next such day, `today` at the earliest."""
    first, _, rest = text.strip().partition("\n")
    line, rest = " ".join(unicodedata.normalize("NFKC", first).split()), rest.strip()
    words = line.strip(_ENDS).replace(" ", "")
    if kind := _of_words(re.sub(r"[:：,，]", "", words)):
        return Wish(kind=kind, text=rest, words=words)
    head, sign, tail = _parted(line)
    if sign and head in _SUBMIT:
        return Wish(kind="submit", text="\n".join(filter(None, (tail, rest))), words=head)
    if len(line) <= _MAX_LINE and (match := _EXTEND.fullmatch(line.strip("【】[]*# "))):
        return Wish(kind="extend", text=_reason(match["reason"] or "", rest), until=_day(match, today), words=line)
    return Wish(kind="comment", text=text.strip())


def _parted(line: str) -> tuple[str, str, str]:
    """Part a line at its first comma, colon or stop: 申请复查：锁已拆除."""
    found = re.search(r"[,，。;；:：]", line)
    return (line[: found.start()].strip(), found[0], line[found.end() :].strip()) if found else (line, "", "")


def _of_words(words: str) -> WishKind | None:
    if len(words) > _MAX_WORDS:
        return None
    if words in _SIGN:
        return "sign"
    if words in _SUBMIT or _DONE.fullmatch(words):
        return "submit"
    return "forbidden" if _FORBIDDEN.fullmatch(words) else None


def _reason(reason: str, rest: str) -> str:
    said = _REASON.sub("", reason, count=1).strip(" )）")
    return "\n".join(filter(None, (said, rest if said else _REASON.sub("", rest, count=1))))


def _day(match: re.Match[str], today: date) -> date | None:
    if match["day"] is None:
        return None
    month, day = int(match["month"]), int(match["day"])
    years = [int(match["year"])] if match["year"] else [today.year, today.year + 1]
    for year in years:
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if match["year"] or found >= today:
            return found
    return None

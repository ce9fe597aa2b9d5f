"""What an answer asks for, from its first line; the same for a mail and a short message.

Only a line that is nothing but the words counts: “我还没有签收” is a remark. What needs eyes or a decision (验收,
销号, 批准) is never taken by mail, nor what sends a hazard back (退回): it is only recognised, so that the sender can be
told.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from contextlib import suppress
from datetime import date
from typing import Literal

from msgspec import Struct

from .parameters import EXTENSION
from .signature import SURNAMES, is_signature

__all__ = ["Wish", "WishKind", "read_wish"]

WishKind = Literal["sign", "submit", "extend", "return", "forbidden", "comment"]

_GAPS = re.compile(r"[ \t。.，,、!！~～;；:：\"'“”‘’()\[\]【】《》<>「」—*#-]+")
_ASKING = re.compile(r"[?？]|[吗么呢]$")
_TITLE = "(?:老师|领导|同志|局长|股长|科长|主任|书记)"
_CALLED = rf"(?:(?:尊敬的|敬爱的|各位){{0,2}}(?:[区县市]?教育局|安全股){{0,2}}[{SURNAMES}]?副?{_TITLE}们?)"
_POLITE = (  # taken whole: nothing is tried twice, however often it stands there
    rf"(?>好的|{_CALLED}?(?:您好|你好|们好|好)|嗯|谢谢(?:您|老师|领导|提醒)?|辛苦了?|麻烦了?)"
)
_TO = re.compile(rf"{_CALLED}\s*[:,]\s*")  #: begins a line: 王股长：申请复查
_SALUTATION = re.compile(  # a line that only says to whom it is written; it says nothing of what was not done
    rf"(?!.*[没未不无])(?:(?:{_CALLED}|{_POLITE})+|(?:尊敬的|敬爱的|各位).{{1,14}}|.{{1,8}}:|.{{1,14}}(?:{_TITLE}|股|局|办):"
    rf"|.{{1,14}}{_TITLE}们?[,，:]?(?:您好|你好))[\s:,。.!]*"
)
_NAME = rf"(?:[{SURNAMES}](?:副?校长|副?园长|副?主任|老师|副?书记|副?院长|同志))"
_WE = r"(?:(?:我校|我园|我单位|我们|本校|本园|现)*)"
_SIGNED = r"(?:(?:我|已|已经|确认|同意)*签收了?|(?:我|已|已经|确认|均已)*(?:收到|收悉)了?(?:整改)?(?:通知书?|邮件|短信|信息)?)"
_SIGN = re.compile(rf"{_POLITE}*(?:(?:回复?)?1(?:签收)?|签收1|{_SIGNED}(?:{_POLITE}*{_SIGNED})*){_NAME}?{_POLITE}*")
_DONE = (
    r"(?:(?:该隐患|隐患|问题|以上问题)?(?:现|均|都|全部|已|经|按照?要求|按期|按时)*"
    r"(?:整改(?:工作|任务)?(?:现|均|都|全部|已|经)*(?:完成|完毕|到位|结束)|(?:完成|落实)整改)了?)"
)
_ASK = (
    r"(?:(?:现|特)?(?:申请|请求|请予|请予以|请|提交|请安排|请领导|请安全股|请尽快)(?:予以|安排|尽快|来)?(?:复查|复核))"
)
_SUBMIT = re.compile(rf"{_POLITE}*{_WE}(?:{_DONE}{_ASK}?|{_ASK}){_NAME}?{_POLITE}*")
_DECIDED = "验收|销号|批准|审批|同意|准许|准予|合格|不合格|通过|不通过|未通过|不批准|不同意|驳回|结案|销案"
_FORBIDDEN = re.compile(
    rf"(?=.*(?:{_DECIDED}))(?:请|申请|现|已|经|予以|确认|可以|我|审核|现场|整改|复查|核查|延期|该隐患|隐患|{_DECIDED}|了)+"
    r"|[我现]?(?:可以|不予)延期"
)
_OURS = r"[^\s,.。;；]{0,4}[我本](?:校|园|院|单位|们(?:学校|单位)?)"
_RETURN = re.compile(  # what says so by the way, too: somebody looks at it, and nothing more
    rf"(?<![被已次不有])退回(?!的|来)|(?:不|拒绝?|无法)(?:予|能|同意)?签收|不(?:属于?|归|由){_OURS}"
    rf"|(?:不是|并非){_OURS}(?:的|管|负责|职责|范围)"
)
_DAY = r"(?:(?P<year>\d{4})\s*[-/.年]\s*)?(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})\s*[日号]?(?!\d)"
_MONTH_END = (
    r"(?:(?P<end_year>\d{4})\s*年\s*)?(?:(?P<end>\d{1,2})\s*月|(?P<this>本月|这个月|月)|(?P<last>今?年))\s*[底末]"
)
_NUMERAL = r"(?:\d{1,3}|[一二两三四五六七八九]?十[一二三四五六七八九]?|[一二两三四五六七八九半])"
_SPAN = rf"(?P<count>{_NUMERAL})\s*个?\s*(?P<unit>天|日|周|星期|礼拜|月)(?!\d)"
_EXTEND = re.compile(
    rf"{_WE}(?:申请|请求)(?:整改)?延期\s*[:：,，]?\s*"
    rf"(?:(?:到|至)?\s*[:：]?\s*(?:{_DAY}|{_MONTH_END})|{_SPAN})?\s*(?:前|止|之前|以前)?"
    r"(?:(?:\s*[,，。;；:：、]\s*|\s+|\s*(?=[(（]|理由|原因|因))(?P<reason>.*))?"
)
_DAYS = {"天": 1, "日": 1, "周": 7, "星期": 7, "礼拜": 7, "月": 30}
_DIGITS = "零一二三四五六七八九"
_MAX_WORDS = 40  #: characters of a line that is nothing but the words
_MAX_LINE = 1_000  #: characters of a line that asks for an extension
_REASON = re.compile(r"[\s,，。;；:：、(（]*(?:理由|原因|因为|因)?\s*(?:是|为)?\s*[:：]?\s*")
_NEAR = {  # what a line may have meant that says more than it should, and what does it
    "延期": ("申请延期", EXTENSION),
    "复查": ("申请复查", "申请复查"),
    "完成": ("申请复查", "申请复查"),
    "签收": ("签收", "签收"),
}


class Wish(Struct, frozen=True, kw_only=True):
    """What is asked for. `text` is what was written besides the words that say so, unless that only signs; all of it for a
    comment and a return.

    `until` is the new day of an extension, `days` for how many natural days it is; both None where neither can be read
    from it: then it must be asked for.
    `hint` says of a comment that may have meant more what was not done, and what to write instead, in Chinese.
    """

    kind: WishKind
    text: str = ""
    until: date | None = None
    days: int | None = None
    words: str = ""  #: the first line as it was understood
    hint: str = ""


def read_wish(text: str, today: date) -> Wish:
    """Return what a text asks for; lines that only greet are passed over.

    A day without a year is the next such day, `today` at the earliest. 10天 are natural days, a month has 30.
    """
    first, _, rest = _greeted(text).partition("\n")
    line, rest = _TO.sub("", " ".join(unicodedata.normalize("NFKC", first).split()), count=1), rest.strip()
    rest = "" if is_signature(rest) else rest
    words = _GAPS.sub("", line)
    if _ASKING.search(line.strip('。.!！"”’）) ')):
        return _comment(text, asking=True)
    if kind := _of_words(words):
        return Wish(kind=kind, text=rest, words=words)
    head, sign, tail = _parted(line)
    if sign and _of_words(_GAPS.sub("", head)) == "submit" and re.fullmatch(_ASK, head):
        return Wish(kind="submit", text="\n".join(filter(None, (tail, rest))), words=head)
    asked = re.sub(rf"^{_POLITE}+[\s,，。!！:：]+", "", line.strip("【】[]*# "))
    if len(line) <= _MAX_LINE and (match := _EXTEND.fullmatch(asked)):
        days = _days(match["count"], match["unit"]) if match["count"] else None
        said = _reason(match["reason"] or "", rest)
        return Wish(kind="extend", text=said, until=_until(match, today), days=days, words=asked)
    return _comment(text)


def _greeted(text: str) -> str:
    """Return a text from its first line on that says more than to whom it is written: 王股长：, 您好."""
    text = text.strip()
    while True:
        first, _, rest = text.partition("\n")
        line = unicodedata.normalize("NFKC", first[:_MAX_LINE]).strip()
        if not rest.strip() or _asks(line) or not _SALUTATION.fullmatch(line):
            return text
        text = rest.strip()


def _asks(line: str) -> bool:
    return _of_words(_GAPS.sub("", line)) is not None or _EXTEND.fullmatch(line) is not None


def _comment(text: str, *, asking: bool = False) -> Wish:
    if _RETURN.search(text) and not asking:
        return Wish(kind="return", text=text.strip())
    meant = next((said for word, said in _NEAR.items() if word in text), None)
    hint = f"没有办理“{meant[0]}”，要办请在第一行只写“{meant[1]}”" if meant else ""
    return Wish(kind="comment", text=text.strip(), hint=hint)


def _parted(line: str) -> tuple[str, str, str]:
    """Part a line at its first comma, colon or stop: 申请复查：锁已拆除."""
    found = re.search(r"[,，。;；:：]", line)
    return (line[: found.start()].strip(), found[0], line[found.end() :].strip()) if found else (line, "", "")


def _of_words(words: str) -> WishKind | None:
    if len(words) > _MAX_WORDS:
        return None
    if _SIGN.fullmatch(words):
        return "sign"
    if _SUBMIT.fullmatch(words):
        return "submit"
    return "forbidden" if _FORBIDDEN.fullmatch(words) else None


def _until(match: re.Match[str], today: date) -> date | None:
    """Return the day an extension is asked for up to: as it is written, or the end of a month."""
    if match["this"] or match["last"] or match["end"]:
        month = today.month if match["this"] else 12 if match["last"] else int(match["end"])
        year = int(match["end_year"] or today.year + (month < today.month))
        with suppress(ValueError):
            return date(year, month, monthrange(year, month)[1])
    return _day(match, today)


def _days(count: str, unit: str) -> int:
    if count == "半":
        return _DAYS[unit] // 2
    tens, ten, ones = count.replace("两", "二").rpartition("十")
    number = int(count) if count.isdigit() else (_DIGITS.index(tens or "一") * 10 if ten else 0) + _digit(ones)
    return number * _DAYS[unit]


def _digit(sign: str) -> int:
    return _DIGITS.index(sign) if sign else 0


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

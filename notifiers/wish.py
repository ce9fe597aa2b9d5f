"""What an answer asks for, from its first line; the same for a mail and a short message.

A line counts that is nothing but the words, or that begins with them and goes on without a doubt: “收到，已安排整改” signs,
“我还没有签收” is a remark, and so is “申请复查，还差一处”. What needs eyes or a decision (验收, 销号, 批准) is never taken by
mail, nor what sends a hazard back (退回): it is only recognised, so that the sender can be told.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from .extension import WE, read_extension
from .parameters import EXTENSION
from .signature import SURNAMES, is_signature
from .undone import says_undone

__all__ = ["Wish", "WishKind", "read_wish"]

WishKind = Literal["sign", "submit", "extend", "return", "forbidden", "comment"]

_MOODS = re.compile(
    r"\[(?:OK|好的|收到|抱拳|握手|强|合十|微笑|愉快|玫瑰|鲜花)\]", re.IGNORECASE
)  #: as programs write faces
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
_SIGNED = r"(?:(?:我|已|已经|确认|同意)*签收了?|(?:我|已|已经|确认|均已)*(?:收到|收悉)了?(?:整改)?(?:通知书?|邮件|短信|信息)?)"
_SIGN = re.compile(rf"{_POLITE}*(?:(?:回复?)?1(?:签收)?|签收1|{_SIGNED}(?:{_POLITE}*{_SIGNED})*){_NAME}?{_POLITE}*")
_DONE = (
    r"(?:(?:该隐患|隐患|问题|以上问题)?(?:现|均|都|全部|已|经|按照?要求|按期|按时)*"
    r"(?:整改(?:工作|任务)?(?:现|均|都|全部|已|经)*(?:完成|完毕|到位|结束)|(?:完成|落实)整改)了?)"
)
_ASK = (
    r"(?:(?:现|特)?(?:申请|请求|请予|请予以|请|提交|请安排|请领导|请安全股|请尽快)(?:予以|安排|尽快|来)?(?:复查|复核))"
)
_SHORTLY = r"(?:(?:现|该隐患|隐患)?(?:已经?|均已?|都已?|全部)整改(?:完|好)?了?)"  #: with 申请复查 behind it only
_SUBMIT = re.compile(rf"{_POLITE}*{WE}(?:{_DONE}{_ASK}?|{_SHORTLY}?{_ASK}){_NAME}?{_POLITE}*")
_DECIDED = "验收|销号|批准|审批|同意|准许|准予|合格|不合格|通过|不通过|未通过|不批准|不同意|驳回|结案|销案"
_FORBIDDEN = re.compile(
    rf"(?=.*(?:{_DECIDED}))(?:请|申请|现|已|经|予以?|确认|可以|我|审核|现场|整改|复查|核查|延期|该隐患|隐患|{_DECIDED}|了)+"
    r"|[我现]?(?:可以|不予)延期"
)
_OURS = r"[^\s,.。;；]{0,4}[我本](?:校|园|院|单位|们(?:学校|单位)?)"
_RETURN = re.compile(  # what says so by the way, too: somebody looks at it, and nothing more
    rf"(?<![被已次不有])退回(?!的|来)|(?:不|拒绝?|无法)(?:予|能|同意)?签收|不(?:属于?|归|由){_OURS}"
    rf"|(?:不是|并非){_OURS}(?:的|管|负责|职责|范围)"
)
_MAX_WORDS = 40  #: characters of a line that is nothing but the words
_MAX_LINE = 1_000  #: characters of a line that asks for an extension
_SIGNING = ("签收", "签收")
_NEAR = (  # what a line may have meant that says more than it should, and what does it
    (re.compile("延期|延长(?!线)|延[到至]|展期|宽限"), "申请延期", EXTENSION),
    (re.compile("复[查核验]|完成|已整改|整改(?:完|好|到位)|改好"), "申请复查", "申请复查"),
    (re.compile("签收"), *_SIGNING),
)
_DONE_BESIDE = re.compile(
    "(?:已经?|[均都]已?|全部)(?:整改|完成)|整改(?:完|好|到位)|改好|复[查核]|延期|延长(?!线)|延[到至]"
)
_NO_MORE_TIME = re.compile(  # beside a day: the words of ours quoted in thanks, or all that is done
    r"(?:^|[\s,，。;；!！])(?:已经?|好的)?(?:收到|收悉|知道|知悉|签收)了?(?=$|[\s,，。;；:：!！])|(?<![后时再])申请复查|(?:不用|不需要|不必)了"
    r"|(?:^|[\s,，。;；])(?:不用|取消)(?=$|[\s,，。;；])|已经?(?:全部|都)?(?:整改(?:完[成毕]?|到位|好)?|完成(?:整改)?)了?(?=$|[\s,，。;；!！])"
)
_TO_COME = re.compile("将|按[期时]|尽快|争取|保证|确保|计划")
_UNDONE = "没有办理“申请复查”：来信说还有没做完的，都做完后请在第一行只写“申请复查”，下面写整改措施，附上照片"
_AFTER_SIGNED = re.compile(r"[\s,。;:!~、…]")  #: NFKC
_AFTER_ONE = frozenset(" ,。;!")  #: behind 1: 1、 begins a list
_COUNTED = re.compile(r"[\d号楼层处个台具天日月年项条点周]")
_DOUBT = re.compile(
    r"[没未不无?]|[吗呢么](?:[\s,。!]|$)|为什么|怎么|哪|谁|何时|错|撤|取消|[能是可]否|请问|暂缓|稍后|再说|后再|^等"
    r"|签|拒|异议|疑[问义]|转[给交至]|请转|[他她]们|归(?!档)[^\s,。;]{0,12}管|应[由归属]|产权|待|收回|发给"
)
_SIGNED_AGAIN = re.compile(rf"(?:^|(?<=[\s,。;:!])){_POLITE}*{_SIGNED}(?={_NAME}?{_POLITE}*(?:$|[\s,。;:!]))")
_NO_DOUBT = re.compile("没问题|无误|不会?再|没有?再|不辜负|[接等]待")


class Wish(Struct, frozen=True, kw_only=True):
    """What is asked for. `text` is what was written besides the words that say so, unless that only signs; all of it for a
    comment and a return.

    `until` is the new day of an extension, `days` for how many natural days it is; both None where neither can be read
    from it: then it must be asked for.
    `hint` says of what may have meant more what was not done, and what to write instead, in Chinese. `undone` is a comment
    that asks for a re-inspection and says that not all is done.
    """

    kind: WishKind
    text: str = ""
    until: date | None = None
    days: int | None = None
    words: str = ""  #: the first line as it was understood
    hint: str = ""
    undone: bool = False


def read_wish(text: str, today: date, *, of_some: bool = False) -> Wish:
    """Return what a text asks for; lines that only greet are passed over.

    Args:
        today: a day without a year is the next such day, this one at the earliest.
        of_some: the text is about some of several hazards; what it says of the others does not count.
    """
    first, _, rest = _greeted(text).partition("\n")
    line, rest = _TO.sub("", _plain(first), count=1), rest.strip()
    rest = "" if is_signature(rest) else rest
    words = _GAPS.sub("", line)
    if _ASKING.search(line.strip('。.!！"”’）) ')):
        return _comment(text, asking=True)
    head, sign, tail = _parted(line)
    kind = _of_words(words)
    if kind is None and sign and _of_words(_GAPS.sub("", head)) == "submit" and re.fullmatch(_ASK, head):
        kind, words, rest = "submit", head, _joined(tail, rest)
    if kind == "submit" and says_undone(rest, of_some=of_some):
        return Wish(kind="comment", text=text.strip(), hint=_UNDONE, undone=True)
    if kind is not None:
        return Wish(kind=kind, text=rest, words=words)
    if (more := _behind_signing(line, rest)) is not None:
        return _signed(text, words, more, rest)
    asked = _begun(line)
    found = read_extension(asked, rest, today) if len(line) <= _MAX_LINE else None
    if found is not None and not _NO_MORE_TIME.search(found.text):
        return Wish(kind="extend", text=found.text, until=found.until, days=found.days, words=asked)
    return _comment(text)


def _plain(line: str) -> str:
    """Return a line in NFKC, its blanks as one, without faces."""
    line = _MOODS.sub(" ", unicodedata.normalize("NFKC", line))
    return " ".join("".join(c for c in line if unicodedata.category(c) not in ("So", "Mn", "Sk")).split())


def _begun(line: str) -> str:
    """Return a line without courtesy before it, and without marks around it."""
    return re.sub(rf"^{_POLITE}+[\s,，。!！:：]+", "", line.strip("【】[]*# "))


def _joined(*parts: str) -> str:
    return "\n".join(filter(None, parts))


def _behind_signing(line: str, rest: str) -> str | None:
    """Return what follows in a line that begins with the whole words of signing: 收到，已安排整改. None for all others.

    A list's 1、 and 1. sign for nothing, nor a 1 that counts something.
    """
    for mark in _AFTER_SIGNED.finditer(line[:_MAX_WORDS]):
        head, more = _GAPS.sub("", line[: mark.start()]), line[mark.end() :].strip(" ,。;:!~、…")
        if not _SIGN.fullmatch(head):
            continue
        listed = mark[0] not in _AFTER_ONE or _COUNTED.match(more) or re.search(r"^\s*2\D", rest, re.MULTILINE)
        return None if not more or (head == "1" and listed) else more
    return None


def _signed(text: str, words: str, more: str, rest: str) -> Wish:
    """Return a signature with words behind it, unless they doubt it; what they may ask for besides is told."""
    if _RETURN.search(text) or _DOUBT.search(_NO_DOUBT.sub("", _SIGNED_AGAIN.sub("", more))):
        doubtful = _comment(text)
        return doubtful if doubtful.hint or doubtful.kind == "return" else replace(doubtful, hint=_hint(*_SIGNING))
    if _of_words(_GAPS.sub("", more)) == "forbidden":
        return Wish(kind="forbidden", text=rest, words=words)
    hint = _near(more) if _DONE_BESIDE.search(more) and not _TO_COME.search(more) else ""
    return Wish(kind="sign", text=_joined("" if is_signature(more) else more, rest), words=words, hint=hint)


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
    return _of_words(_GAPS.sub("", line)) is not None or read_extension(line, "", date.min) is not None


def _comment(text: str, *, asking: bool = False) -> Wish:
    if _RETURN.search(text) and not asking:
        return Wish(kind="return", text=text.strip())
    return Wish(kind="comment", text=text.strip(), hint=_near(text))


def _near(text: str) -> str:
    """Say what words may have meant that was not done, and how to have it done."""
    return next((_hint(title, write) for meant, title, write in _NEAR if meant.search(text)), "")


def _hint(title: str, write: str) -> str:
    return f"没有办理“{title}”，要办请在第一行只写“{write}”"


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

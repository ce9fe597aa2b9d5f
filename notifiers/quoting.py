"""What a person wrote anew in an answer, without the mail that was answered.

Mail programs put the earlier mail below, each in its own way; some mark every line with `>`, others mark none. Below
unmarked lines everything is cut. Between and below marked lines what is not marked is kept: people answer there too.
Some programs (QQ mail, Tencent's and Coremail's webmail) leave `&nbsp;` and `&gt;` of their HTML in the plain text.
"""

from __future__ import annotations

import re

from .signature import cut_signature

__all__ = ["MARKER", "new_text"]

MARKER = "请在此行以上回复"  #: stands on a line of our own mails; what is below it is ours

_INTRO_LINES = 3  #: lines over which "On …, … wrote:" is broken
_INTRO_LENGTH = 300  #: characters
_BLOCK_LINES = 8  #: lines of a block 发件人… 主题, empty ones too
_DAY = r"\d{1,4}\s*[年月/.-]\s*\d{1,2}"
_INTRO = re.compile(
    rf"在\s*.{{0,80}}{_DAY}.*写[道到]\s*[:：]"
    rf"|.{{0,120}}于\s*{_DAY}.*写[道到]\s*[:：]"
    rf"|.{{0,120}}<[^<>\s]+@[^<>\s]+>\s*(于|在)?.{{0,80}}写[道到]\s*[:：]"
    r"|(On|At)\b.*(\b(19|20)\d\d\b|\d[:/]\d\d).*\bwrote\s*[:：]",
    re.IGNORECASE,
)
_TITLES = (
    r"原始邮件|邮件原文|原文|原始信件|原始郵件|邮件原件|原邮件|回复的原邮件|回复的邮件(信息)?|转发邮件|转发的邮件|已转发邮件|转发邮件信息"
    r"|original( (message|mail|email)s?)?|replied message|reply to message|forwarded (message|mail)"
    r"|begin forwarded message"
)
_BARE_TITLE = re.compile(r"原始邮件|原始消息|original", re.IGNORECASE)  #: only above 发件人: it is a word like others
_SEPARATOR = re.compile(rf"[-—_=*\s]{{2,}}({_TITLES})\s*[:：]?[-—_=*\s]{{2,}}", re.IGNORECASE)
_FROM = re.compile(r"(发件人|发信人|寄件者|from)\s*[:：|]", re.IGNORECASE)
_FIELD = re.compile(
    r"(发送时间|发送日期|发件时间|发送|已发送|日\s*期|时\s*间|寄件日期|收件人|收信人|收件者|抄\s*送人?|主\s*题|主旨"
    r"|sen[dt]( time)?|date|to|cc|subject)\s*[:：|]",
    re.IGNORECASE,
)
_ONE_LINE_BLOCK = re.compile(
    r"(发件人|from)\s*[:：].{1,300}(发送时间|日期|时间|sent|date)\s*[:：].{1,300}(收件人|主题|to|subject)\s*[:：].*",
    re.IGNORECASE,
)
_RULE = re.compile(r"[-_—=]{5,}")
_DEVICE = re.compile(
    r"[-—\s]*(发自我的.{1,30}|发自\s*(outlook|qq|网易|foxmail|手机|android|ios|iphone|企业微信|微信|189|139).{0,30}"
    r"|从我的.{1,20}发送|从.{0,20}(版|手机)(qq|网易)?邮箱.{0,10}发送|来自我的.{1,20}|来自\s*飞书邮箱.{0,10}|来自\s*(企业)?微信|来自\s*[^\s的]{1,12}邮箱|来自\s*\S{2,15}\s*手机"
    r"|sent from (my|outlook|mail for|yahoo|qq|foxmail).{0,60}|(获取|下载|get)\s*outlook (for )?(ios|android).{0,80})",
    re.IGNORECASE,
)
_SIGNATURE = "--"  #: with a blank behind it, which some programs cut (RFC 3676, 4.3)


def new_text(text: str, *, sender: str = "") -> str:
    """Return what is new in an answer: never longer than the text, and the same when it is asked again.

    Nothing but blanks at ends of lines and of the text goes from a text that quotes nothing. The result is empty
    where only an earlier mail is left, or where an answer below unmarked lines cannot be told from them.

    Args:
        sender: the address it came from, in lower case: a last line that is nothing else goes.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("&nbsp;", " ")
    while (shorter := _cut(text, sender)) != text:  # what was cut may have stood between two lines that belong together
        text = shorter
    return text


def _cut(text: str, sender: str) -> str:
    lines = [line.rstrip() for line in text.split("\n")]
    kept: list[str] = []
    signed = False
    at = 0
    while at < len(lines):
        line = lines[at]
        intro = _intro_at(lines, at)
        if _is_quoted(line) or intro:
            at += intro or 1
            signed = False
            if intro and not _quotes_next(lines, at):
                break
        elif MARKER in line or _is_block(lines, at):
            break
        else:
            signed = signed or (line == _SIGNATURE and any(kept))
            if not signed and not _DEVICE.fullmatch(line.strip()):
                kept.append(line)
            at += 1
    if at < len(lines):
        _drop_rules(kept)
    return _without_empty_ends(cut_signature(kept, sender))


def _intro_at(lines: list[str], at: int) -> int:
    """Return over how many lines the words before an earlier mail go; 0 where there are none."""
    first = lines[at].strip()
    if not first or _is_quoted(first):
        return 0
    if _SEPARATOR.fullmatch(first):
        return 1
    if not _may_begin_intro(first):
        return 0
    joined = ""
    for count, line in enumerate(lines[at : at + _INTRO_LINES], 1):
        joined = f"{joined} {line.strip()}".strip()
        if not line.strip() or _is_quoted(line) or len(joined) > _INTRO_LENGTH:
            return 0
        if joined.endswith((":", "：")) and _INTRO.fullmatch(joined):
            return count
    return 0


def _may_begin_intro(line: str) -> bool:
    return len(line) <= _INTRO_LENGTH and (line[:2].lower() in ("on", "at") or any(s in line for s in "在于<写"))


def _is_quoted(line: str) -> bool:
    return line.lstrip().startswith((">", "&gt;"))


def _quotes_next(lines: list[str], at: int) -> bool:
    """Tell whether the next line that is not empty is marked as quoted."""
    return next((_is_quoted(line) for line in lines[at:] if line.strip()), False)


def _is_block(lines: list[str], at: int) -> bool:
    """Tell whether the header of an earlier mail begins here: 发件人 and at least two fields more, one below a title."""
    first, *near = (line.strip().strip("*| ") for line in lines[at : at + _BLOCK_LINES])
    if _BARE_TITLE.fullmatch(first):
        fields = [line for line in near if line][:2]
        return len(fields) == 2 and bool(_FROM.match(fields[0]) and _FIELD.match(fields[1]))
    if not _FROM.match(first):
        return False
    return bool(_ONE_LINE_BLOCK.fullmatch(first)) or sum(1 for line in near if _FIELD.match(line)) >= 2


def _drop_rules(kept: list[str]) -> None:
    """Drop the line that some programs draw above an earlier mail."""
    while kept and (not kept[-1] or _RULE.fullmatch(kept[-1].strip())):
        kept.pop()


def _without_empty_ends(lines: list[str]) -> str:
    start, end = 0, len(lines)
    while start < end and not lines[start]:
        start += 1
    while end > start and not lines[end - 1]:
        end -= 1
    return "\n".join(lines[start:end])

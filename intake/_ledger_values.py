"""What the columns of a hazard ledger hold, other than dates: texts, names, amounts, and words with a meaning."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from ._draft import Convert, Draft, Unfit, Warn
from .text import Cell, cell_text, match_key, split_names

FUNDS_DOUBTED_FROM = Decimal(1000)  # 万元: so much for one hazard is more likely yuan in the wrong column
YUAN_PER_UNIT = Decimal(10_000)

_PHONE = re.compile(r"1[3-9]\d{9}|(?:0\d{2,3}-?)?[2-9]\d{6,7}(?:[-转]\d{1,6})?")
_AMOUNT = re.compile(r"约?(?:人民币|¥|￥)?([+-]?\d[\d,]*(?:\.\d+)?)(亿元?|万元?|千元|元|块)?(?:左右|余)?")
_FREE = re.compile(r"(?:无需|不需要?|不涉及|自行解决).*|零")
_YUAN = 1 / YUAN_PER_UNIT
_UNIT_FACTORS = {"亿": YUAN_PER_UNIT, "万": Decimal(1), "千": Decimal("0.1"), "元": _YUAN, "块": _YUAN}
_ORGANISATION = re.compile(
    r"(?:局|股|室|办|站|校|学|园|所|队|委|会|中心|组|科|部|公司|政府|院|处|厅|社区|村|[一二三四五六七八九十高初职]中|附小|实小)$"
)
_PAIR_BREAK = re.compile(r"[/\n]|[:：]|[（(](?=[^（(]*[)）]$)")

_SEVERITY = (
    ("major", re.compile(r"重大.*|是重大.*")),
    ("general", re.compile(r"一般.*|普通.*|轻微.*|较小.*|非重大.*")),
)
_DONE = "整改|完成|落实|达标|符合|合格|通过|到位|消除|销号|同意|解决|验收|完毕"
_FAIL = re.compile(rf"(?:不予?|未能?|尚未|没有?|部分|基本)(?:{_DONE})+|仍.*|否|×|✗")
_PASS = re.compile(r"合格|通过|到位|已整改|已完成|完成整改|整改完成|已落实|整改完毕|达标|符合|消除|同意|销号|是|√|✓|✔")
_DENIAL = re.compile("[不未没否]")
_NOT_YET = re.compile(
    r"(?:待|未|尚未|暂未|正在)(?:复查|验收|复核|核查|进行|到期|检查)?(?:中)?|(?:复查|验收|复核|整改)中"
)
# The longer names first: 社区 and 园区 are no district.
_LEVEL_WORDS = re.compile(r"(?P<village>社区|村)|(?P<town>园区|镇|乡|街道)|(?P<district>区|县)")
_NOT_LISTED = re.compile(r"(?:否|未|不|没|非|一般|日常|普通).*")


def read_values(draft: Draft) -> None:
    """Read every column that is no date into the draft."""
    for key, convert in _CONVERTERS.items():
        draft.read(key, convert)
    _split_pair(draft, "inspected_by", "inspecting_unit", "inspectors")
    _split_pair(draft, "responsible", "responsible_unit", "responsible_person")
    if "funds" in draft.columns:
        draft.read("funds", _funds_in_yuan if _title_says_yuan(draft.columns["funds"].title) else _funds)


def one_line(cell: Cell, _warn: Warn) -> str:
    """Keep a short text on one line."""
    return " ".join(cell_text(cell).split())


def name(cell: Cell, _warn: Warn) -> str:
    """Keep a unit's name without the blanks and line breaks that only fit it into its column."""
    return "".join(cell_text(cell).split())


def text(cell: Cell, _warn: Warn) -> str:
    """Keep a longer text with its lines."""
    return cell_text(cell)


def names(cell: Cell, _warn: Warn) -> tuple[str, ...]:
    """Split the names in a cell."""
    return split_names(cell_text(cell))


def phone(cell: Cell, warn: Warn) -> str:
    """Keep a telephone number; one that cannot be dialled is only warned about."""
    written = one_line(cell, warn)
    numbers = re.split(r"[、，,;；/ ]+", re.sub(r"(?<=\d)[ ](?=\d{4}\b)", "", written))
    if not all(_PHONE.fullmatch(re.sub(r"[^\d转-]", "", number)) for number in numbers if number):
        warn(f"“{written}”不像电话号码，请核对")
    return written


def severity(cell: Cell, _warn: Warn) -> str:
    """Tell general hazards from major ones; there are two grades (安全生产事故隐患排查治理暂行规定)."""
    written = match_key(cell_text(cell))
    for grade, words in _SEVERITY:
        if words.fullmatch(written):
            return grade
    raise Unfit("隐患等级只有“一般”和“重大”两级，请改成其中之一")


def verdict(cell: Cell, warn: Warn) -> str | None:
    """Read the outcome of a re-inspection; None while it is still to come.

    A sentence that says both, or denies something else, is not guessed at.
    """
    written = match_key(cell_text(cell))
    if _NOT_YET.fullmatch(written):
        return None
    rest = _FAIL.sub("", written)
    passed, failed = _PASS.search(rest) is not None, rest != written
    if failed and not passed:
        if "部分" in written or "基本" in written:
            warn(f"“{cell_text(cell)}”按不合格记")
        return "fail"
    if passed and not failed and not _DENIAL.search(rest):
        return "pass"
    raise Unfit("看不出复查是否合格，请写“合格”或“不合格”，还没有复查的留空")


def listed_level(cell: Cell, _warn: Warn) -> str | None:
    """Read at which level a hazard is listed (挂牌督办); None when it is not."""
    written = match_key(cell_text(cell))
    if _NOT_LISTED.fullmatch(written):
        return None
    levels = {found.lastgroup for found in _LEVEL_WORDS.finditer(written)}
    if len(levels) == 1:
        return levels.pop()
    raise Unfit("督办级别只能是村级、镇级、区级之一，没有挂牌的请留空")


def revision(cell: Cell, _warn: Warn) -> int:
    """Read the version number that an exported ledger carries."""
    written = cell_text(cell)
    if not re.fullmatch(r"\d{1,9}", written):
        raise Unfit("版本号由系统导出，请不要改动；请重新导出台账后再填")
    return int(written)


def _number(cell: Cell, _warn: Warn) -> str:
    return "".join(cell_text(cell).split()).upper()


def _funds(cell: Cell, warn: Warn) -> Decimal | None:
    return _amount(cell, warn, Decimal(1))


def _funds_in_yuan(cell: Cell, warn: Warn) -> Decimal | None:
    return _amount(cell, warn, _YUAN)


def _amount(cell: Cell, warn: Warn, factor: Decimal) -> Decimal | None:
    """Read an amount as 万元; a unit written in the cell goes before that of the header."""
    written = match_key(cell_text(cell))
    if _FREE.fullmatch(written):
        return Decimal(0)
    found = _AMOUNT.fullmatch(written)
    if found is None:
        raise Unfit("整改资金不是数字，请只填数字（单位：万元），没有的留空")
    try:
        amount = Decimal(found[1].replace(",", "")) * (_UNIT_FACTORS[found[2][0]] if found[2] else factor)
    except InvalidOperation as problem:
        raise Unfit("整改资金不是数字，请只填数字（单位：万元）") from problem
    if amount < 0:
        raise Unfit("整改资金不能是负数")
    if amount >= FUNDS_DOUBTED_FROM:
        warn(f"{amount:f} 万元，金额偏大，请核对单位是万元还是元")
    return amount


def _title_says_yuan(title: str) -> bool:
    return "元" in title and not re.search("[万千亿]元", title)


def _split_pair(draft: Draft, key: str, unit_key: str, person_key: str) -> None:
    """Split a column that holds a unit and a person; one name alone is a unit when it ends like one."""
    if key not in draft.columns:
        return
    parts = [part.strip(" )）、，,;；") for part in _PAIR_BREAK.split(draft.text(key), maxsplit=1)]
    if len(parts) == 1:
        parts = [parts[0], ""] if _ORGANISATION.search(match_key(parts[0])) else ["", parts[0]]
    unit, person = parts
    draft.values.setdefault(unit_key, "".join(unit.split()) or None)
    people = split_names(person)
    draft.values.setdefault(person_key, (people if person_key == "inspectors" else "、".join(people)) or None)


_CONVERTERS: dict[str, Convert] = {
    "number": _number,
    "inspecting_unit": name,
    "inspectors": names,
    "method": one_line,
    "unit": name,
    "place": one_line,
    "category": one_line,
    "description": text,
    "basis": text,
    "severity": severity,
    "measures": text,
    "responsible_unit": name,
    "responsible_person": one_line,
    "phone": phone,
    "leader": one_line,
    "interim": text,
    "progress": text,
    "verifier": one_line,
    "verdict": verdict,
    "listed_level": listed_level,
    "closer": one_line,
    "extended": text,
    "remarks": text,
    "rev": revision,
    **dict.fromkeys(("action", "second_inspector", "whom", "via", "happened_on"), one_line),
    **dict.fromkeys(("reason", "more", "files", "note"), text),
}

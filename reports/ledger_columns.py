"""The columns of a ledger: those it is read by, and those in which people say what is to be done with a row."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

__all__ = ["COLUMNS", "FILL_COLUMNS", "LedgerColumn", "Pick"]

_HINT_CHARS = 255  #: Excel's limit for what it shows beside a cell
_LIST_CHARS = 255  #: Excel's limit for a list written into the cell's own rule


class LedgerColumn(Struct, frozen=True, kw_only=True):
    """A column: the key of the row's mapping, the title as printed, the width in digits of the default font.

    One with a hint is for people to fill in: the hint shows beside the chosen cell, and the column is not printed.
    """

    key: str
    title: str
    width: float
    hint: str = ""

    def __post_init__(self) -> None:
        """Refuse what a workbook would cut."""
        if len(self.hint) > _HINT_CHARS:
            raise ValueError(f"the hint of {self.key!r} is longer than {_HINT_CHARS} characters")


class Pick(Struct, frozen=True):
    """A cell that is still blank, with what can be picked for it; other words can be written all the same."""

    options: Sequence[str] = ()

    @property
    def listed(self) -> tuple[str, ...]:
        """What fits into the list of a workbook's cell; an option with a comma in it would be taken for two."""
        kept: list[str] = []
        for option in self.options:
            if "," not in option and len(",".join((*kept, option))) <= _LIST_CHARS:
                kept.append(option)
        return tuple(kept)


def _column(key: str, title: str, width: float, hint: str = "") -> LedgerColumn:
    return LedgerColumn(key=key, title=title, width=width, hint=hint)


COLUMNS: tuple[LedgerColumn, ...] = (
    _column("number", "隐患编号", 14.5),
    _column("found_on", "排查日期", 9.3),
    _column("inspecting_unit", "排查单位", 10),
    _column("inspectors", "排查人", 7),
    _column("method", "检查方式", 5),
    _column("unit", "学校（单位）", 12),
    _column("place", "隐患部位", 8),
    _column("category", "隐患类别", 7),
    _column("description", "隐患描述", 22),
    _column("basis", "判定依据", 10),
    _column("severity", "隐患等级", 5),
    _column("measures", "整改措施", 18),
    _column("responsible_unit", "整改责任单位", 10),
    _column("responsible_person", "整改责任人", 7),
    _column("phone", "联系电话", 11.5),
    _column("leader", "督办（包保）领导", 7),
    _column("funds", "整改资金（万元）", 6),
    _column("due_on", "整改时限", 9.3),
    _column("interim", "临时防控措施", 12),
    _column("progress", "整改情况", 12),
    _column("completed_on", "完成时间", 9.3),
    _column("verifier", "复查人", 7),
    _column("verified_on", "复查时间", 9.3),
    _column("verdict", "复查结论", 5.5),
    _column("overdue", "是否逾期", 5),
    _column("extended", "延期情况", 6),
    _column("listed_level", "督办级别", 5),
    _column("closed_on", "销号时间", 9.3),
    _column("closer", "销号人", 7),
    _column("state", "当前环节", 8),
    _column("carried", "结转情况", 7),
    _column("remarks", "备注", 8),
    _column("rev", "版本", 4.5),
)

#: What people fill in, at the right end; the rest of a row is corrected in its own cells.
FILL_COLUMNS: tuple[LedgerColumn, ...] = (
    _column("action", "操作", 9, "选一项要办的事；登记错了选“更正”。不办的行留空。改动的内容直接写在前面各列。"),
    _column("reason", "理由", 14, "更正、退回、撤回、不合格等须写明理由。"),
    _column("second_inspector", "第二复查人", 9, "须两人复查、验收的，写另一人姓名。"),
    _column("more", "其他项目", 14, "前面各列没有的内容，写成 项目=内容，几项用；隔开，如 并入编号=12。"),
    _column("files", "佐证文件", 14, "文件名，几个用、隔开；文件和本表放在同一文件夹。"),
    _column("whom", "代谁办理", 12, "替单位或他人录入答复时，写单位或人员名称；本人办理留空。"),
    _column("via", "办理方式", 7, "替人录入须选：电话、微信、短信、纸质、当面。"),
    _column("happened_on", "发生日期", 9.3, "办理的日期，如 12月3日；当天办的留空。"),
    _column("note", "办理说明", 14, "怎么答复的，为什么补录。"),
)

"""What to write so that a refused step goes through: the option or word that gives what was missing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rectiflow.engine.errors import Reason

__all__ = ["hints"]

_UNIT_ROLES = frozenset({"principal", "rectifier"})
_BY_CODE = {
    "late_without_note": "补录的原因写 --note 原因。",
    "note_missing": "通话情况写 --note；没有接通的写 --no-answer。",
    "remark_empty": "说明写 --note 文字，材料用 --evidence 文件 附上。",
    "second_inspector": "第二复查人写 第二复查人=姓名。",
    "via_missing": "怎么答复的写 --via 电话（或 微信、短信、纸质、当面）。",
    "into_missing": "改判成哪个流程写 --into 流程，如 --into 重大隐患整改。",
    "level_missing": "级别写 --level 镇级（或 村级、区级）。",
}


def hints(reasons: Iterable[Reason], *, photos: bool = False) -> list[str]:
    """Return a line for each thing that can be given with the same command.

    Args:
        photos: the command takes a folder of photographs by item.
    """
    return list(dict.fromkeys(filter(None, (_hint(r, photos=photos) for r in reasons))))


def _hint(reason: Reason, *, photos: bool) -> str:
    if reason.subject == "evidence" or reason.message.endswith("缺“佐证材料”"):
        folder = "照片用 --photos 文件夹 附上（文件名以第几条开头，如 3.jpg），" if photos else ""
        return f"{folder}佐证材料用 --evidence 文件 附上，可写几次。"
    if reason.code == "role_missing" and _UNIT_ROLES & set(reason.subject.split(",")):
        return "单位答复了、替单位录入的，写 --for 单位 --via 电话（或 微信、纸质、当面）。"
    return _BY_CODE.get(reason.code, "")

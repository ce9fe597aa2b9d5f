"""Options that several commands share, said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["AsJson", "DryRun", "Evidence", "For", "Force", "Level", "Note", "Number", "On", "Via", "Where", "Yes"]

AsJson = Annotated[bool, typer.Option("--json", help="以 JSON 输出")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="只试算：会通知谁、时限怎么动、能不能办，不写入")]
Evidence = Annotated[list[Path] | None, typer.Option("--evidence", help="佐证材料，可写几次", metavar="文件")]
For = Annotated[str | None, typer.Option("--for", help="代谁录入：单位，或其中一人", metavar="单位|人员")]
Force = Annotated[bool, typer.Option("--force", help="文件已有时覆盖")]
Level = Annotated[str | None, typer.Option("--level", help="挂牌级别：村级、镇级、区级", metavar="级别")]
Note = Annotated[str, typer.Option("--note", help="说明：怎么答复的，为什么补录", metavar="文字")]
Number = Annotated[str, typer.Argument(help="隐患编号，可写短号，如 123", metavar="编号")]
On = Annotated[str | None, typer.Option("--on", help="发生日期，如 12月3日；默认今天", metavar="日期")]
Via = Annotated[
    str | None,
    typer.Option("--via", help="方式：电话、微信、短信、纸质、当面", metavar="方式"),
]
Where = Annotated[
    str | None,
    typer.Option("--where", help='条件，如 "单位=一镇初中 环节=整改中 时限<=9月30日 逾期"', metavar="条件"),
]
Yes = Annotated[bool, typer.Option("--yes", help="不再确认，直接办理")]

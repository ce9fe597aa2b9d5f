"""Usage errors of the parser, in Chinese."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pytest
import typer

from rectiflow.commands._usage import ChineseCommand, ChineseGroup, localize, tell_usage, translate

app = typer.Typer(cls=ChineseGroup, add_completion=False)


class Colour(StrEnum):
    """Something to choose from."""

    RED = "red"
    BLUE = "blue"


@app.command("go", cls=ChineseCommand)
def go(
    name: Annotated[str, typer.Argument(metavar="名称")],
    count: Annotated[int, typer.Option(max=3)] = 1,
    ratio: float = 0.5,
    colour: Colour = Colour.RED,
    file: Annotated[Path | None, typer.Option(exists=True, dir_okay=False)] = None,
    flag: Annotated[bool, typer.Option("--flag")] = False,
) -> None:
    """Take one of everything."""
    raise typer.BadParameter("不合适。", param_hint="--count")


@app.command("stop", cls=ChineseCommand)
def stop() -> None:
    """Do nothing."""


def complaint(*words: str) -> typer.TyperException:
    """Return what the parser raises for these words."""
    with pytest.raises(typer.TyperException) as caught:
        localize(typer.main.get_command(app)).main(list(words), prog_name="x", standalone_mode=False)
    return caught.value


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("go",), "没有写“名称”。"),
        (("gone",), "没有“gone”这个命令。是不是：go？"),
        (("qqq",), "没有“qqq”这个命令。"),
        (("go", "a", "b", "c"), "多写了“b c”。"),
        (("go", "a", "--cuont", "1"), "没有 --cuont 这个选项。是不是：--count？"),
        (("go", "a", "--count"), "--count 后面要写内容。"),
        (("go", "a", "--flag=1"), "--flag 后面不写内容。"),
        (("go", "a", "--count", "x"), "--count：应是整数。"),
        (("go", "a", "--count", "9"), "--count：应不大于 3。"),
        (("go", "a", "--ratio", "x"), "--ratio：应是数字。"),
        (("go", "a", "--colour", "green"), "--colour：“green”不在可选项内：red、blue。"),
        (("go", "a", "--file", "/none"), "--file：没有“/none”这个文件或文件夹。"),
        (("go", "a", "--file", "/"), "--file：“/”是文件夹，应是文件。"),
        (("go", "a"), "--count：不合适。"),
    ],
)
def test_every_complaint(words: tuple[str, ...], said: str) -> None:
    """Each thing the parser can complain about has its Chinese sentence."""
    assert translate(complaint(*words)) == said


def test_an_unknown_sentence_is_not_passed_on() -> None:
    """What the parser may say in a later version never reaches a person in English."""
    assert translate(typer.TyperException("Something brand new.")) == "命令的写法不对。"
    assert translate(typer.BadParameter("Something brand new.", param_hint="--x")) == "--x 的值不对。"


def test_told_with_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """The complaint is followed by how the command is written and where more is said."""
    tell_usage(complaint("go"))
    assert capsys.readouterr().err.splitlines() == [
        "没有写“名称”。",
        "用法：x go [选项] 名称",
        "用 x go --help 查看说明。",
    ]

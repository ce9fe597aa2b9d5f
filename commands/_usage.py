"""Help and usage errors in Chinese: the command line's parser speaks English, people here do not."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

__all__ = ["ChineseCommand", "ChineseGroup", "localize", "speak_chinese", "tell_usage", "translate"]

#: Attributes of `typer.rich_utils`, set before a help page is drawn.
_WORDS: Mapping[str, str] = {
    "ARGUMENTS_PANEL_TITLE": "参数",
    "OPTIONS_PANEL_TITLE": "选项",
    "COMMANDS_PANEL_TITLE": "命令",
    "ERRORS_PANEL_TITLE": "错误",
    "ABORTED_TEXT": "没有办，什么也没有改。",
    "DEFAULT_STRING": "[默认 {}]",
    "RANGE_STRING": "",  # "x>=0"; the help text says what the least stands for
    "ENVVAR_STRING": "[环境变量 {}]",
    "REQUIRED_LONG_STRING": "[必填]",
    "DEPRECATED_STRING": "（已停用）",
    "RICH_HELP": "用 [blue]{command_path} {help_option}[/] 查看说明。",
}
#: Help texts of the options that the parser adds by itself.
_OPTIONS: Mapping[str, str] = {
    "help": "显示这一页并退出。",
    "install_completion": "为当前的命令解释器装上自动补全。",
    "show_completion": "显示自动补全的脚本，便于自行安装。",
}
_SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")
#: What the parser says about values that do not fit, by pattern.
_VALUES: tuple[tuple[str, str], ...] = (
    (r"Input should be a valid integer.*", "应是整数"),
    (r"Input should be a valid number.*", "应是数字"),
    (r"Input should be a valid boolean.*", "应是“是”或“否”"),
    (r"Input should be greater than or equal to (\S+)", r"应不小于 \1"),
    (r"Input should be less than or equal to (\S+)", r"应不大于 \1"),
    (r"'?(?P<v>.*?)'? is not one of (?P<c>.+?)\.?", r"“\g<v>”不在可选项内：\g<c>"),
    (r".*'(?P<v>[^']*)' does not exist\.?", r"没有“\g<v>”这个文件或文件夹"),
    (r".*'(?P<v>[^']*)' is a directory\.?", r"“\g<v>”是文件夹，应是文件"),
)
_SENTENCES: tuple[tuple[str, str], ...] = (
    (r"Missing command\.", "没有写命令。"),
    (r"Missing (?:argument|parameter|option) (.+?)\.?(?: Choose from:.*)?", r"没有写“\1”。"),
    (r"No such command '(.+?)'(?:\.|\. Did you mean (?P<near>.+?)\?)", r"没有“\1”这个命令。\g<near>"),
    (r"No such option: (--as|--now|--config|--db)\b.*", r"\1 写在命令前面：rectiflow \1 … 命令。"),
    (r"No such option: (\S+)(?: \(Possible options: (?P<near>.+)\))?", r"没有 \1 这个选项。\g<near>"),
    (r"Got unexpected extra arguments?(?:\(s\))? \((.+)\)", r"多写了“\1”。"),
    (r"Option '(.+?)' requires an argument\.", r"\1 后面要写内容。"),
    (r"Option '(.+?)' requires (\d+) arguments\.", r"\1 后面要写 \2 项内容。"),
    (r"Option '(.+?)' does not take a value\.", r"\1 后面不写内容。"),
    (r"Argument '(.+?)' takes (\d+) values\.", r"\1 要写 \2 项。"),
    (r"Could not open file '(.+?)': .*", r"打不开文件“\1”。"),
)
_NO_VALUE = "值不对"


class ChineseCommand(TyperCommand):
    """A command whose help page is Chinese."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return how options and arguments are written, as their metavars say."""
        written = [_written(p) for p in self.params if p.param_type_name == "argument"]
        return ["[选项]", *written]

    def get_usage(self, ctx: Any) -> str:
        """Return the line that says how the command is written."""
        return _usage(super().get_usage(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Draw the help page."""
        _prepare(self, ctx)
        super().format_help(ctx, formatter)


class ChineseGroup(TyperGroup):
    """A group whose help page is Chinese; its commands stand in the order they were given."""

    order: tuple[str, ...] = ()

    def get_usage(self, ctx: Any) -> str:
        """Return the line that says how the command is written."""
        return _usage(super().get_usage(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Draw the help page."""
        _prepare(self, ctx)
        super().format_help(ctx, formatter)

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the commands as the help page lists them."""
        known = super().list_commands(ctx)
        return [n for n in self.order if n in known] + [n for n in known if n not in self.order]


def speak_chinese() -> None:
    """Put the headings of help pages into Chinese."""
    drawn = import_module("typer.rich_utils")
    for name, word in _WORDS.items():
        if not hasattr(drawn, name):
            raise AttributeError(f"typer.rich_utils has no {name}")
        setattr(drawn, name, word)
    make = drawn._make_rich_text  # no other way is offered to have Chinese broken into lines
    if make.__name__ != "fold":
        setattr(drawn, make.__name__, _folding(make))


def _folding(make: Callable[..., Any]) -> Callable[..., Any]:
    """Let help texts be broken between any two characters: Chinese has no spaces to break at."""

    def fold(**told: Any) -> Any:
        text = make(**told)
        text.overflow = "fold"
        return text

    return fold


def localize(command: Any) -> Any:
    """Put what the parser adds to a command by itself into Chinese: metavars and the installing of completion."""
    command.options_metavar, command.subcommand_metavar = "[选项]", "命令 [参数]..."
    for child in getattr(command, "commands", {}).values():
        localize(child)
    for param in command.params:
        if param.name == "install_completion":
            param.callback = _install_completion
        if param.metavar is None and getattr(param, "min", None) is not None:
            param.metavar = "个数"
    return command


def tell_usage(error: typer.TyperException) -> None:
    """Say what was wrong with a call, and how it is written."""
    from ._output import console

    if type(error).__name__ == "NoArgsIsHelpError":
        return  # the help page is there already
    out, context = console(error=True), getattr(error, "ctx", None)
    out.print(translate(error), markup=False, style="yellow")
    if context is not None:
        out.print(context.get_usage(), markup=False)
        out.print(f"用 {context.command_path} --help 查看说明。", markup=False, style="dim")


def translate(error: typer.TyperException) -> str:
    """Return a usage error's sentence in Chinese."""
    if isinstance(error, typer.BadParameter) and type(error) is typer.BadParameter:
        return _bad_value(error)
    text = " ".join(error.format_message().split())
    for pattern, sentence in _SENTENCES:
        match = re.fullmatch(pattern, text)
        if match:
            return _fill(match, sentence)
    return "命令的写法不对。" if text.isascii() else text


def _bad_value(error: typer.BadParameter) -> str:
    hint = error.param_hint
    where, said = hint if isinstance(hint, str) else _hint(error.param), _value(error.message)
    return f"{where} 的{said}。" if said == _NO_VALUE else (f"{where}：{said}" if where else said)


def _hint(param: Any) -> str:
    return str(param.get_error_hint()).replace("'", "") if param is not None else ""


def _value(message: str) -> str:
    for pattern, sentence in _VALUES:
        match = re.fullmatch(pattern, message.removeprefix("Value error, "))
        if match:
            return match.expand(sentence).replace("'", "").replace(", ", "、") + "。"
    return _NO_VALUE if message.isascii() else message


def _fill(match: re.Match[str], sentence: str) -> str:
    near = match.groupdict().get("near")
    told = f"是不是：{near.replace(chr(39), '').replace(', ', '、')}？" if near else ""
    filled = sentence.replace(r"\g<near>", "")
    return match.expand(filled).replace("'", "") + told


def _written(param: Any) -> str:
    name = str(param.metavar or param.name)
    several = "" if param.nargs == 1 or "..." in name else "..."
    return f"{name}{several}" if param.required or name.startswith("[") else f"[{name}]{several}"


def _usage(text: str) -> str:
    return text.replace("Usage: ", "用法：", 1)


def _prepare(command: Any, context: Any) -> None:
    speak_chinese()
    for param in command.get_params(context):
        if param.name in _OPTIONS:
            param.help = _OPTIONS[param.name]
        if param.param_type_name == "argument" or getattr(param, "is_flag", False):
            param.display_type_rich = _no_type


def _no_type(ctx: Any) -> None:
    """Say nothing about the Python type of what is to be written."""


def _install_completion(context: Any, _: Any, value: Any) -> Any:
    if not value or context.resilient_parsing:
        return value
    shell = _shell()
    install: Callable[..., tuple[str, object]] = import_module("typer.completion").install
    if shell not in _SHELLS:
        raise typer.BadParameter(
            f"认不出或不支持当前的命令解释器，可用：{'、'.join(_SHELLS)}。", param_hint="--install-completion"
        )
    _, path = install(shell=shell, prog_name="rectiflow")
    typer.echo(f"{shell} 的自动补全已装到 {path}，重新打开终端后生效。")
    raise typer.Exit


def _shell() -> str:
    """Return the name of the shell above this process; "" when it cannot be told."""
    finder = import_module("shellingham")
    try:
        return str(finder.detect_shell()[0])
    except finder.ShellDetectionFailure:
        return ""

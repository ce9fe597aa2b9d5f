"""The settings of one channel, read with every problem said at once, and no secret ever shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, cast

from rectiflow.engine.errors import os_reason

from .errors import ChannelNotConfigured

__all__ = ["Given"]

T = TypeVar("T")


class Given:
    """One table of settings, `[channels.<name>]`; what is asked for is known, what nobody asked for is a problem.

    A secret is given as `<name>` (by the environment) or as `<name>_file`, a file outside the project.

    Args:
        title: of the channel, for messages: 阿里云短信.
        values: the table as it was read.
        folder: relative files are below it.
    """

    def __init__(self, title: str, values: Mapping[str, Any], folder: Path) -> None:
        self._title, self._values, self._folder = title, values, folder
        self._known: set[str] = {"kind"}
        self.problems: list[str] = []

    def text(self, name: str, default: str | None = None) -> str:
        """Return a line of text; without a default it has to be there."""
        value = self._take(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not value.strip() or not value.isprintable():
            self.problems.append(f"没有填写 {name}" if value in (None, "") else f"{name} 应是一行文字")
            return default or ""
        return value.strip()

    def secret(self, name: str) -> str:
        """Return a secret, from the value itself or from the file `<name>_file`."""
        value, file = self._take(name), self._take(f"{name}_file")
        if isinstance(value, str) and value:
            return value
        if not isinstance(file, str) or not file:
            self.problems.append(f"没有填写 {name}_file（存放密钥的文件），也没有设置相应的环境变量")
            return ""
        path = (self._folder / file).absolute()
        try:
            found = path.read_text("utf-8").strip()
        except UnicodeDecodeError:
            self.problems.append(f"密钥文件 {path} 读不了（不是 UTF-8 的文字）")
            return ""
        except OSError as exc:
            self.problems.append(f"密钥文件 {path} 读不了（{os_reason(exc)}）")
            return ""
        if not found:
            self.problems.append(f"密钥文件 {path} 是空的")
        return found

    def url(self, name: str, default: str | None = None) -> str:
        """Return an http or https address."""
        value = self.text(name, default)
        if value and not value.startswith(("https://", "http://")):
            self.problems.append(f"{name} 应以 https:// 开头（单位内网的可以是 http://）")
        return value

    def number(self, name: str, default: float, *, low: float, high: float) -> float:
        """Return a number within bounds."""
        value = self._take(name)
        if value is None:
            return default
        try:
            found = float(value)
        except (TypeError, ValueError):
            found = low - 1
        if isinstance(value, bool) or not low <= found <= high:
            self.problems.append(f"{name} 应是 {low:g} 到 {high:g} 的数")
            return default
        return found

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return true or false."""
        value = self._take(name)
        if value is None:
            return default
        if str(value).lower() not in ("true", "false"):
            self.problems.append(f"{name} 应是 true 或 false")
        return str(value).lower() == "true"

    def one_of(self, name: str, choices: Sequence[str], default: str | None = None) -> str:
        """Return one of some words."""
        value = self.text(name, default)
        if value and value not in choices:
            self.problems.append(f"{name} 应是 {'、'.join(choices)} 之一")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts; () where none is given."""
        value = self._take(name)
        if value is None:
            return ()
        said = cast("list[object]", value) if isinstance(value, list) else [None]
        texts = tuple(v for v in said if isinstance(v, str) and v)
        if len(texts) < len(said):
            self.problems.append(f'{name} 应是一列文字，如 ["甲", "乙"]')
            return ()
        return texts

    def values(self, name: str) -> frozenset[str]:
        """Return a list of texts, numbers, true and false, each as JSON writes it, texts without quotes; there has to be one."""
        value = self._take(name)
        listed = cast("list[object]", value) if isinstance(value, list) else []
        if not listed or not all(isinstance(one, str | int | float) for one in listed):
            self.problems.append(f'没有填写 {name}（一列值），如 ["success"] 或 [0]')
        return frozenset(one if isinstance(one, str) else json.dumps(one, default=str) for one in listed)

    def within(self, name: str, read: Callable[[Given], T]) -> T | None:
        """Read a table below this one; None where none is given. What is wrong in it is told after its name."""
        table = self.table(name)
        if not table:
            return None
        inner = Given(name, table, self._folder)
        found = read(inner)
        self.problems += [f"{name} 中：{problem}" for problem in inner._wrong()]
        return found

    def table(self, name: str) -> Mapping[str, Any]:
        """Return a table below this one; {} where none is given."""
        value = self._take(name)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.problems.append(f"{name} 应是一张表")
            return {}
        return cast("Mapping[str, Any]", value)

    def done(self) -> None:
        """Say everything that is wrong, also what nobody asked for.

        Raises:
            ChannelNotConfigured: with every problem.
        """
        wrong = self._wrong()
        if wrong:
            raise ChannelNotConfigured(self._title, wrong)

    def _wrong(self) -> list[str]:
        unknown = sorted(set(self._values) - self._known)
        return self.problems + [f"没有名为 {name} 的设置项{self._near(name)}" for name in unknown]

    def _near(self, name: str) -> str:
        near = get_close_matches(name, self._known, n=1)
        return f"，是不是 {near[0]}" if near else ""

    def _take(self, name: str) -> Any:
        self._known.add(name)
        return self._values.get(name)

"""Guards (`when:`): CEL conditions over flat field names, compiled once and checked at load, never at the desk.

CEL is a small standard language without loops, attribute access or side effects. A guard sees only the names it
speaks of. Whatever is not a plain `true` (a false, a number, an error) is a refusal with its reason, never a pass.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple, cast

__all__ = ["MAX_LENGTH", "Fault", "Guard"]

MAX_LENGTH = 1000  #: characters of one guard
_MAX_MACROS = 2  #: all, exists, map … in one guard: nested ones multiply the work
_FUNCTIONS = frozenset(
    {
        *("size", "contains", "startsWith", "endsWith", "matches"),
        *("int", "uint", "double", "string", "timestamp", "duration", "dyn"),
        *("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getHours"),
    }
)
_TOKEN = re.compile(r"""(?P<string>"[^"\n]*"|'[^'\n]*')|(?P<word>[A-Za-z_]\w*)|(?P<sign>&&|\|\||[=!<>]=|[!<>])""")
_FILLED = re.compile(r"""\b(?P<name>[A-Za-z_]\w*) ?(?P<sign>[=!]=) ?(?:""|'')""")
_STRING = re.compile(r"""[rb]?("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')""")
_MACRO = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(\s*(\w+)\s*,")
_ERROR_AT = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_SIGNS = {
    "&&": "且", "||": "或", "!": "不是", "==": "＝", "!=": "≠", ">": "＞", "<": "＜", ">=": "≥", "<=": "≤",
}  # fmt: skip
_WORDS = {"true": "是", "false": "否", "null": "空", "in": "属于"}
_CAUSES: Mapping[type[Exception], str] = {
    TypeError: "两边的类型不同，或者这个运算不适用",
    ZeroDivisionError: "除数为零",
    OverflowError: "数值太大",
}


class Fault(NamedTuple):
    """Something wrong with a guard; `offset` is where in its text, from 0."""

    code: str
    message: str
    offset: int
    name: str = ""  #: the unknown name, where that is what is wrong


class _Compiled(NamedTuple):
    program: Any
    names: frozenset[str]
    functions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Guard:
    """One condition over the fields of a ticket and what is known of it (`vocabulary.CONTEXT`)."""

    text: str
    numbers: frozenset[str] = frozenset()  #: decimal fields: they are kept as text and handed over as numbers
    titles: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)  #: name → title, for reasons
    words: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)  #: text in quotes → title

    @property
    def names(self) -> frozenset[str]:
        """The names the condition speaks of, without the locals of macros.

        Raises:
            ValueError: the condition does not compile.
        """
        return _compile(self.text).names

    def faults(self, known: Collection[str]) -> Iterator[Fault]:
        """Yield what is wrong: syntax, names that are not known, functions that do not exist, too much work."""
        if len(self.text) > MAX_LENGTH:
            yield Fault("G803", f"条件太长，至多 {MAX_LENGTH} 个字符", 0)
            return
        try:
            compiled = _compile(self.text)
        except ValueError as exc:
            yield _syntax(str(exc), self.text)
            return
        bare = _STRING.sub(lambda m: " " * len(m.group()), self.text)
        locals_ = [m.group(1) for m in _MACRO.finditer(bare)]
        for name in sorted(compiled.names):
            if name not in known:
                hint = "，宏里的临时变量要以 _ 开头" if name in locals_ else ""
                yield Fault("G802", f"条件里的 {name} 既不是字段也不是可用的名称{hint}", _find(name, bare), name)
        for name in sorted({m.group() for m in re.finditer(r"\b_\w*", bare)} - set(locals_)):
            yield Fault("G802", f"条件里的临时变量 {name} 没有在 exists、all 等宏里定义", _find(name, bare))
        for name in sorted(compiled.functions - _FUNCTIONS):
            yield Fault("G803", f"条件里没有 {name} 这个函数", _find(name, bare))
        if len(locals_) > _MAX_MACROS:
            yield Fault("G803", f"条件太复杂，exists、all 等宏至多 {_MAX_MACROS} 处", 0)

    def refusal(self, values: Mapping[str, object]) -> str | None:
        """Return None when the condition holds, else the Chinese reason why it does not or cannot be told.

        Only the values the condition names are handed over; a name without a value is null. Dates become ISO text,
        decimals numbers.
        """
        try:
            compiled = _compile(self.text)
            given = {name: self._plain(name, values.get(name)) for name in compiled.names}
            result = compiled.program.execute(given)
        except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as exc:
            return f"条件“{self.describe()}”无法判断：{self._cause(exc, values)}"
        if isinstance(result, bool):
            return None if result else f"不满足条件“{self.describe()}”"
        return f"条件“{self.describe()}”的结果不是“是”或“否”，请修改流程定义"

    def describe(self) -> str:
        """Write the condition with the titles of its names and the signs in words."""
        return _TOKEN.sub(self._say, _FILLED.sub(self._filled, " ".join(self.text.split())))

    def _filled(self, match: re.Match[str]) -> str:
        title = self.titles.get(match["name"])
        return f"{'已' if match['sign'] == '!=' else '未'}填写{title}" if title else match.group()

    def _say(self, match: re.Match[str]) -> str:
        quoted, word = match["string"], match["word"]
        if quoted:
            return self.words.get(quoted[1:-1]) or f"“{quoted[1:-1]}”"
        if word:
            return self.titles.get(word) or _WORDS.get(word, word)
        return _SIGNS[match["sign"]]

    def _plain(self, name: str, value: object) -> object:
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, Decimal) or (isinstance(value, str) and name in self.numbers):
            return float(value)
        if isinstance(value, tuple | list):
            return [self._plain("", v) for v in cast("Iterable[object]", value)]
        return value

    def _cause(self, exc: Exception, values: Mapping[str, object]) -> str:
        if isinstance(exc, TypeError):
            empty = sorted(self.titles.get(n, n) for n in self.names if values.get(n) is None)
            if empty:
                return f"还没有填写{'、'.join(empty)}"
        known = next((said for kind, said in _CAUSES.items() if isinstance(exc, kind)), "")
        return known or f"计算出错（{str(exc).splitlines()[0] if str(exc) else type(exc).__name__}）"


@lru_cache(maxsize=1024)
def _compile(text: str) -> _Compiled:
    from cel import compile as compile_cel

    program = compile_cel(text)
    names = frozenset(n for n in program.variables() if not n.startswith("_"))
    functions = frozenset(f for f in program.functions() if f[:1].isalpha())
    return _Compiled(program, names, functions)


def _syntax(words: str, text: str) -> Fault:
    """Say where the compiler stumbled; its own words are English and speak of grammar rules."""
    match = _ERROR_AT.search(words)
    line, column, what = (int(match[1]), int(match[2]), match[3]) if match else (1, 1, "")
    index = min(sum(len(one) + 1 for one in text.split("\n")[: line - 1]) + column - 1, len(text))
    rest = text[index:].strip()
    where = f"从“{rest[:12]}”起看不懂" if rest else "没有写完"
    if "reserved identifier" in what:
        where = f"“{rest.split()[0]}”是保留字，不能作名称"
    elif "token recognition" in what and rest and not rest[0].isascii():
        where = f"“{rest[0]}”不能出现在这里，中文只能写在引号内，字段要写英文名"
    return Fault("G801", f"条件写法有误：{where}", index)


def _find(name: str, text: str) -> int:
    match = re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text) or re.search(re.escape(name), text)
    return match.start() if match else 0

"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from msgspec.json import Encoder, decode
from sqlalchemy import JSON, DateTime, Dialect, String, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from rectiflow.engine.errors import InputUnusable

__all__ = ["UNSTORABLE", "Instant", "Json", "Told", "instant_text", "json_text", "read_instant", "storable"]


UNSTORABLE = "文字里有不能保存的字符（空字符，或残缺的表情符号），请删去后重试。"
_NULL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")  #: the escape itself, not a backslash that happens to stand before it
_encode = Encoder().encode


@lru_cache(maxsize=1024)
def instant_text(moment: datetime) -> str:
    """Write an instant the one way it is kept: UTC, microseconds, fixed width, so that text order is time order.

    Raises:
        ValueError: the instant is naive.
    """
    if moment.tzinfo is UTC:
        return moment.isoformat(" ", "microseconds")
    if moment.tzinfo is None:
        raise ValueError("an instant must be aware")
    return moment.astimezone(UTC).isoformat(" ", "microseconds")


def read_instant(value: datetime | str) -> datetime:
    """Read an instant as a driver returns it."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def json_text(value: Any) -> str:
    """Write JSON compactly, Chinese as it is.

    Raises:
        InputUnusable: there is a null character in it, which PostgreSQL does not keep.
    """
    text = _encode(value).decode()
    if r"\u0000" in text and _NULL.search(text):
        raise InputUnusable(UNSTORABLE)
    return text


def storable(text: str | None) -> str | None:
    """Return a text that both databases can keep.

    Raises:
        InputUnusable: there is a null character in it.
    """
    if text is not None and "\0" in text:
        raise InputUnusable(UNSTORABLE)
    return text


class Instant(TypeDecorator[datetime]):
    """An aware instant: timestamptz on PostgreSQL, fixed-width UTC text on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type of the dialect."""
        return dialect.type_descriptor(DateTime(timezone=True) if dialect.name == "postgresql" else String(32))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Turn an instant into what the driver takes."""
        if value is None or dialect.name == "postgresql":
            return value
        return instant_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Turn what the driver returns into an instant."""
        return None if value is None else read_instant(value)


class Json(TypeDecorator[Any]):
    """A JSON value: jsonb on PostgreSQL, compact text on SQLite."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type of the dialect."""
        return dialect.type_descriptor(JSONB(none_as_null=True) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Turn a value into what the driver takes."""
        return value if value is None or dialect.name == "postgresql" else json_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Turn what the driver returns into a value."""
        return decode(value) if isinstance(value, str) else value


class Told(Json):
    """What a message tells; None where it is damaged (SQLite keeps any text), so that one row hides no other."""

    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Turn what the driver returns into a value, or None."""
        try:
            return super().process_result_value(value, dialect)
        except ValueError:
            return None

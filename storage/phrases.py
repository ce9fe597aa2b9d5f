"""Phrases of SQL that keep a database to the index that is meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, literal, literal_column

__all__ = ["chunks", "hidden", "status_is"]

_MOST_NAMED = 500  #: values named in one statement


def chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut a long list so that a statement never has too many parameters."""
    return (values[at : at + _MOST_NAMED] for at in range(0, len(values), _MOST_NAMED))


def hidden(column: ColumnElement[str]) -> ColumnElement[str]:
    """Keep the database from walking the whole district in the order of this column."""
    return column.concat(literal_column("''"))


def status_is(column: ColumnElement[str], status: str) -> ColumnElement[bool]:
    """Compare with a status written into the text: what is handed over beside it fits no partial index."""
    return column == literal(status, literal_execute=True)

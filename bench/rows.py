"""The rows of one lifecycle, for a program that knows nothing of the engine: `python -m bench.rows URL FILE`.

URL is an empty PostgreSQL database, which gets the engine's tables; FILE gets the statements as JSON.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Engine

from rectiflow.storage import schema
from rectiflow.storage.connect import make_engine
from rectiflow.storage.statements import compile_for

from .lifecycle import Statement, open_flow, record

__all__ = ["as_psycopg", "write_statements"]


def write_statements(engine: Engine, file: Path) -> None:
    """Make the engine's tables in a PostgreSQL database, and write what one lifecycle puts into them.

    The file holds `commits` (of statements with their values), `load` (how the ticket is read) and `number` (the ticket's
    number, which stands in the values and has to be replaced).
    """
    schema.migrate(engine)
    with tempfile.TemporaryDirectory() as folder:
        flow = open_flow(f"sqlite:///{Path(folder) / 'rows.db'}")
        commits = record(flow)
        flow.close()
    number = next(v for _, values in commits[0] for v in values if isinstance(v, str) and v.startswith("BENCH-"))
    told = {"commits": as_psycopg(commits), "load": compile_for(engine.dialect.name).load.sql, "number": number}
    file.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", "utf-8")


def as_psycopg(commits: Sequence[Sequence[Statement]]) -> list[list[Statement]]:
    """Write what SQLite was told the way psycopg wants it: the dialects differ in the placeholder only."""
    return [[(sql.replace("%", "%%").replace("?", "%s"), values) for sql, values in commit] for commit in commits]


def main() -> None:
    """Write the statements for the database and the file on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("file", type=Path)
    args = parser.parse_args()
    engine = make_engine(args.url)
    try:
        write_statements(engine, args.file)
    finally:
        engine.dispose()


if __name__ == "__main__":
    main()

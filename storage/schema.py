"""The schema in the database: migrated forward, checked, and its append-only triggers known to stand.

On PostgreSQL our tables lie in the first schema of the connection's search path, `public` unless the address says
otherwise (`?options=-csearch_path%3Drectiflow`). A schema named there that does not exist is made with the tables.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, inspect, text

from rectiflow.engine.errors import SchemaTooNew, WorkplaceError

from .connect import reading, writing
from .faults import place_of

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = [
    "VERSION_TABLE",
    "alembic_config",
    "check_schema",
    "current_revision",
    "home_schema",
    "migrate",
    "trigger_problems",
]

VERSION_TABLE = "rectiflow_alembic_version"
_GUARDED = (
    "rectiflow_event",
    "rectiflow_private",
    "rectiflow_document_text",
    "rectiflow_inspection",
    "rectiflow_finding",
)
_ACTS = ("update", "delete")
_LOCK = 7236541  #: advisory lock under which PostgreSQL is migrated; any number that nobody else uses
_ALEMBIC = threading.Lock()  #: what runs a migration is global to the process
_FIRST_NAME = re.compile(r'\s*(?:"(?P<quoted>(?:[^"]|"")*)"|(?P<plain>[^\s,"]+))')


def migrate(engine: Engine) -> bool:
    """Bring the schema to this version's; return whether anything changed.

    Several processes may do so at once: one migrates, the others find it done.

    Raises:
        SchemaTooNew: the database was made by a newer version; nothing is changed.
        WorkplaceError: the database cannot be used.
    """
    from alembic import command

    if _known_revision(engine) == _head():
        return False
    with _ALEMBIC, writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            _make_home(connection)
        before = _revision(connection)
        command.upgrade(alembic_config(connection), "head")
        return before != _head()


def check_schema(engine: Engine, *, guarded: bool = True) -> None:
    """Check that the schema is this version's and (unless not `guarded`) that nothing append-only can be rewritten.

    Raises:
        SchemaTooNew: the database was made by a newer version.
        WorkplaceError: there is no schema, an older one, or a trigger is missing.
    """
    found = _known_revision(engine)
    if found is None:
        raise WorkplaceError(f"{place_of(engine.url)}里还没有隐患数据表，请先运行 rectiflow init。")
    if found != _head():
        raise WorkplaceError(f"{place_of(engine.url)}的结构是旧版（{found}），请运行 rectiflow init 升级。")
    problems = trigger_problems(engine) if guarded else []
    if problems:
        raise WorkplaceError("；".join(problems) + "。")


def current_revision(engine: Engine) -> str | None:
    """Return the revision the database is on; None where there is none."""
    with reading(engine) as connection:
        return _revision(connection)


def trigger_problems(engine: Engine) -> list[str]:
    """Say which append-only triggers are missing or switched off."""
    acts = (*_ACTS, "truncate") if engine.dialect.name == "postgresql" else _ACTS
    with reading(engine) as connection:
        standing = _triggers(connection)
    missing = sorted({f"{table}_no_{act}" for table in _GUARDED for act in acts} - standing)
    return [f"防篡改触发器 {name} 不在了，办理记录可能被改动过；请运行 rectiflow audit verify 核对" for name in missing]


def alembic_config(connection: Connection | None = None) -> Config:
    """Return what Alembic is told: where our scripts lie, and the connection to run them on."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "rectiflow:storage/migrations")
    config.set_main_option("file_template", "r%%(rev)s_%%(slug)s")  # a module's name begins with a letter
    config.attributes["connection"] = connection
    return config


def home_schema(connection: Connection) -> str | None:
    """Return the PostgreSQL schema our tables lie in, whether it exists or not; None on SQLite."""
    if connection.dialect.name != "postgresql":
        return None
    path = str(connection.scalar(text("SELECT current_setting('search_path')")))
    first = _FIRST_NAME.match(path)
    named = (first["quoted"] or first["plain"] or "").replace('""', '"') if first else ""
    return named if named not in ("", "$user") else connection.scalar(text("SELECT current_schema()"))


def _make_home(connection: Connection) -> None:
    home = home_schema(connection)
    known = connection.scalar(text("SELECT 1 FROM pg_namespace WHERE nspname = :name"), {"name": home})
    if home is not None and known is None:
        quoted = connection.dialect.identifier_preparer.quote_identifier(home)
        connection.exec_driver_sql(f"CREATE SCHEMA {quoted}")


def _triggers(connection: Connection) -> set[str]:
    if connection.dialect.name != "postgresql":
        return set(connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")))
    standing = text(
        "SELECT t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = :home AND t.tgenabled IN ('O', 'A')"
    )
    return set(connection.scalars(standing, {"home": home_schema(connection)}))


def _known_revision(engine: Engine) -> str | None:
    """Return the revision the database is on; one that this version does not know is a newer one."""
    found = current_revision(engine)
    if found is not None and found not in _known():
        raise SchemaTooNew(f"{place_of(engine.url)}由更新版本的程序建立（{found}），请升级程序后再用；数据没有动过。")
    return found


def _revision(connection: Connection) -> str | None:
    home = home_schema(connection)
    if not inspect(connection).has_table(VERSION_TABLE, schema=home):
        return None
    prefix = f"{connection.dialect.identifier_preparer.quote_identifier(home)}." if home else ""
    found: str | None = connection.scalar(text(f"SELECT version_num FROM {prefix}{VERSION_TABLE}"))  # noqa: S608 our own name
    return found


def _scripts() -> Any:
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(alembic_config())


def _head() -> str | None:
    head: str | None = _scripts().get_current_head()
    return head


def _known() -> set[str]:
    return {s.revision for s in _scripts().walk_revisions()}

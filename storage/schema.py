"""The schema in the database: migrated forward, checked, and its append-only triggers known to stand."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, inspect, text

from rectiflow.engine.errors import SchemaTooNew, WorkplaceError

__all__ = ["VERSION_TABLE", "check_schema", "current_revision", "migrate", "trigger_problems"]

VERSION_TABLE = "rectiflow_alembic_version"
_GUARDED = {
    "rectiflow_event": ("update", "delete"),
    "rectiflow_private": ("update", "delete"),
}


def migrate(engine: Engine) -> bool:
    """Bring the schema to this version's; return whether anything changed.

    Raises:
        SchemaTooNew: the database was made by a newer version.
    """
    from alembic import command

    with engine.connect() as connection:
        _refuse_newer(connection)
        if _revision(connection) == _head():
            return False
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(7236541)"))
        command.upgrade(_config(connection), "head")
    return True


def check_schema(engine: Engine) -> None:
    """Check that the schema is this version's and that nothing append-only can be rewritten.

    Raises:
        SchemaTooNew: the database was made by a newer version.
        WorkplaceError: there is no schema, an older one, or a trigger is missing.
    """
    with engine.connect() as connection:
        _refuse_newer(connection)
        found = _revision(connection)
        if found is None:
            raise WorkplaceError("数据库里还没有隐患数据表，请先运行 rectiflow init。")
        if found != _head():
            raise WorkplaceError(f"数据库结构是旧版（{found}），请运行 rectiflow init 升级。")
    problems = trigger_problems(engine)
    if problems:
        raise WorkplaceError("；".join(problems))


def current_revision(engine: Engine) -> str | None:
    """Return the revision the database is on; None where there is none."""
    with engine.connect() as connection:
        return _revision(connection)


def trigger_problems(engine: Engine) -> list[str]:
    """Say which append-only triggers are missing or switched off."""
    with engine.connect() as connection:
        standing = _postgres_triggers(connection) if engine.dialect.name == "postgresql" else _sqlite_triggers(connection)
    wanted = {f"{table}_no_{act}" for table, acts in _GUARDED.items() for act in acts}
    if engine.dialect.name == "postgresql":
        wanted |= {f"{table}_no_truncate" for table in _GUARDED}
    return [f"防篡改触发器 {name} 不在了，办理记录可能被改动过；请运行 rectiflow audit verify 核对" for name in sorted(wanted - standing)]


def _sqlite_triggers(connection: Connection) -> set[str]:
    return set(connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")))


def _postgres_triggers(connection: Connection) -> set[str]:
    return set(
        connection.scalars(
            text(
                "SELECT t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
                " WHERE c.relnamespace = current_schema()::regnamespace AND t.tgenabled IN ('O', 'A')"
            )
        )
    )


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608 our own name


def _refuse_newer(connection: Connection) -> None:
    found = _revision(connection)
    if found is not None and found not in _known():
        raise SchemaTooNew(f"数据库由更新版本的程序建立（{found}），请升级程序后再用；数据没有动过。")


def _config(connection: Connection | None = None) -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "rectiflow:storage/migrations")
    config.attributes["connection"] = connection
    return config


def _scripts() -> Any:
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config())


def _head() -> str | None:
    return _scripts().get_current_head()


def _known() -> set[str]:
    return {s.revision for s in _scripts().walk_revisions()}

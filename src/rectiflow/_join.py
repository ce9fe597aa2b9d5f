"""A host's own transaction joined: what is decided is written together with the host's rows, or not at all."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from rectiflow.engine.errors import JoinError
from rectiflow.storage.connect import is_shared

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from rectiflow._carrying import Carrying, Outcome
    from rectiflow._flow import Rectiflow

__all__ = ["begin", "joined", "tell_later"]

_BEGUN = "rectiflow_begun"  #: in a session's info: its transaction was begun as a writer
_LATER = "rectiflow_later"  #: in a session's info: what is told to listeners once it has committed

_Later = tuple[Any, "Carrying", "Outcome"]  #: the transaction it was written in, by whom, what came of it


def begin(flow: Rectiflow, session: Session) -> None:
    """Begin a session's transaction so that changes can join it; on SQLite it has to be a writer's from the start.

    Raises:
        JoinError: the session has written already, or works on another database.
    """
    for workflow in flow.library.latest.values():
        flow.keep_definition(workflow)  # by our own connection, while the host's holds no lock
    driver = _driver(flow, session)
    if flow.store.engine.dialect.name == "sqlite":
        if driver.in_transaction:
            raise JoinError("这个会话已经开始写入，不能再加入；请先提交，再用 flow.begin(session) 开始。")
        driver.execute("BEGIN IMMEDIATE")
        session.info[_BEGUN] = True
        event.listen(session, "after_transaction_end", _ended)


@contextmanager
def joined(flow: Rectiflow, session: Session) -> Generator[None]:
    """Write everything inside the block within the session's transaction; the host commits.

    Somebody else being faster is not tried again in here: `Conflict` is the host's to deal with, by a new transaction.

    Raises:
        JoinError: on SQLite the transaction was not begun by `flow.begin(session)`; or it is another database.
    """
    driver = _driver(flow, session)
    if flow.store.engine.dialect.name == "sqlite" and not (session.info.get(_BEGUN) and driver.in_transaction):
        raise JoinError("加入 SQLite 上的事务前，请先用 flow.begin(session) 开始，否则可能与别的写入互相等待。")
    session.flush()
    with flow.store.link.joined(driver, session.connection):
        flow.joining.session = session
        try:
            yield
        finally:
            flow.joining.session = None


def tell_later(flow: Carrying, session: Session, outcome: Outcome) -> None:
    """Keep what came of a change until the host has committed; a rollback, of a savepoint too, forgets what it undoes."""
    if _LATER not in session.info:
        session.info[_LATER] = list[_Later]()
        event.listen(session, "after_commit", _committed)
        event.listen(session, "after_soft_rollback", _undone)
        event.listen(session, "after_transaction_end", _over)
    within = session.get_nested_transaction() or session.get_transaction()
    session.info[_LATER].append((within, flow, outcome))


def _committed(session: Session) -> None:
    if session.get_nested_transaction() is not None:  # a savepoint was let go: nothing is certain yet
        return
    told, session.info[_LATER] = session.info[_LATER], []
    for _, flow, outcome in told:
        flow.announce(outcome)


def _over(session: Session, transaction: Any) -> None:
    if transaction.parent is None:  # committed, and told; or closed, and nothing of it is there
        session.info[_LATER] = []


def _undone(session: Session, gone: Any) -> None:
    session.info[_LATER] = [later for later in session.info[_LATER] if gone not in _line(later[0])]


def _line(transaction: Any) -> Iterator[Any]:
    """Yield a session's transaction and those it is nested in."""
    while transaction is not None:
        yield transaction
        transaction = transaction.parent


def _ended(session: Session, transaction: Any) -> None:
    if transaction.parent is None:
        session.info.pop(_BEGUN, None)


def _driver(flow: Rectiflow, session: Session) -> Any:
    """Return the driver's connection of a session on our database.

    Raises:
        JoinError: another database, or another driver than ours.
    """
    connection, ours = session.connection(), flow.store.engine
    theirs = connection.engine.url
    if is_shared(ours):
        raise JoinError("内存数据库只有一个连接，不能加入其中的事务；请用文件或 PostgreSQL。")
    if (connection.dialect.name, theirs.host, theirs.port, theirs.database) != (
        ours.dialect.name,
        ours.url.host,
        ours.url.port,
        ours.url.database,
    ):
        raise JoinError(f"会话在另一个数据库上：{theirs.render_as_string()}，不能加入。")
    driver: Any = connection.connection.driver_connection
    known = "psycopg" if ours.dialect.name == "postgresql" else "sqlite3"
    if type(driver).__module__.split(".")[0] != known:
        raise JoinError(f"会话用的是 {type(driver).__module__}，加入须用 {known}。")
    return driver

"""A host opens Rectiflow on its own engine: ours stands beside what it has, and nothing of its own is touched."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlmodel
from sqlalchemy import Engine, ForeignKey, MetaData, create_engine, inspect, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import StaticPool

from rectiflow._flow import Rectiflow
from rectiflow.engine.errors import WorkplaceError
from rectiflow.storage import organisation
from rectiflow.storage.connect import make_engine
from rectiflow.storage.tables import METADATA
from support.stores import HOLDINGS, HOME, PERSONS, POSTS, UNITS


class HostBase(DeclarativeBase):
    """The host's own root of tables."""

    metadata = MetaData()


class HostPerson(HostBase):
    """A person of the host, under a name that we use too."""

    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class HostTicket(HostBase):
    """A ticket of the host."""

    __tablename__ = "ticket"
    id: Mapped[int] = mapped_column(primary_key=True)
    person: Mapped[int] = mapped_column(ForeignKey("person.id"))


class HostEvent(HostBase):
    """An event of the host."""

    __tablename__ = "event"
    id: Mapped[int] = mapped_column(primary_key=True)
    what: Mapped[str]


class HostVersion(HostBase):
    """The host's own Alembic version."""

    __tablename__ = "alembic_version"
    version_num: Mapped[str] = mapped_column(primary_key=True)


@pytest.fixture(params=("file", "memory", "postgresql"))
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A host's database with its tables and rows, on an engine made its own way."""
    if request.param == "memory":
        engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    elif request.param == "file":
        engine = create_engine(f"sqlite:///{tmp_path / 'host.db'}")
    else:
        engine = create_engine(str(request.getfixturevalue("fresh_postgres_url")))
    HostBase.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(
            [HostPerson(id=1, name="主机用户"), HostEvent(id=1, what="主机事件"), HostVersion(version_num="h1")]
        )
        session.flush()
        session.add(HostTicket(id=1, person=1))
        session.commit()
    yield engine
    engine.dispose()


def write_office(flow: Rectiflow) -> None:
    """Register the small office."""
    engine = flow.store.engine
    organisation.add_district(engine, HOME)
    organisation.write_organisation(engine, HOME.code, units=UNITS, posts=POSTS, persons=PERSONS, holdings=HOLDINGS)


def state(engine: Engine) -> dict[str, Any]:
    """Return everything the host has: columns and rows of its tables."""
    looked = inspect(engine)
    with engine.connect() as connection:
        return {
            name: (
                [str(c) for c in looked.get_columns(name)],
                connection.execute(text(f"SELECT * FROM {name}")).all(),  # noqa: S608 a name in a test
            )
            for name in HostBase.metadata.tables
        }


def pragmas(engine: Engine) -> dict[str, Any]:
    """Return how the host's own SQLite connection is set up."""
    with engine.connect() as connection:
        names = ("foreign_keys", "recursive_triggers", "synchronous")
        return {name: connection.execute(text(f"PRAGMA {name}")).scalar() for name in names}


def test_ours_stands_beside_the_hosts(host: Engine) -> None:
    """Tables, rows, metadata and the host's Alembic version are as before; a hazard lives on the same database."""
    before = state(host)
    with Rectiflow.open(engine=host) as empty:
        write_office(empty)
    with Rectiflow.open(engine=host) as flow:
        today = flow.today()
        ticket = flow.report(
            "hazard",
            by="chief",
            source="bureau",
            found_on=today,
            category="fire",
            description="疏散通道堆放课桌椅",
            unit="school1",
            key="host-1",
        )
        flow.do(ticket.number, "assign", by="chief", responsible_person="officer", due_on=date(today.year + 1, 1, 1))
        assert [breaks for *_, breaks in flow.audit()] == [()]
    assert state(host) == before
    assert set(inspect(host).get_table_names()) >= {*METADATA.tables, *before}
    assert set(HostBase.metadata.tables) == set(before)
    assert not set(METADATA.tables) & set(before)
    assert [t for t in sqlmodel.SQLModel.metadata.tables if t.startswith("rectiflow")] == []


def test_the_host_goes_on_with_its_engine(host: Engine) -> None:
    """While ours is open and after it was closed, the host reads and writes as before."""
    flow = Rectiflow.open(engine=host)
    with Session(host) as session:
        session.add(HostEvent(id=2, what="其间"))
        session.commit()
    flow.close()
    with Session(host) as session:
        session.add(HostEvent(id=3, what="其后"))
        session.rollback()
        session.add(HostEvent(id=4, what="其后"))
        session.commit()
    assert [row[0] for row in state(host)["event"][1]] == [1, 2, 4]


def test_the_hosts_connections_are_set_up_as_before(tmp_path: Path) -> None:
    """On an SQLite file our strictness is for our own connections: the host's keep theirs."""
    host = create_engine(f"sqlite:///{tmp_path / 'host.db'}")
    HostBase.metadata.create_all(host)
    before = pragmas(host)
    with Rectiflow.open(engine=host) as flow:
        assert flow.store.engine is not host
        assert pragmas(flow.store.engine) == {"foreign_keys": 1, "recursive_triggers": 1, "synchronous": 2}
        assert pragmas(host) == before
        with Session(host) as session:
            session.add(HostTicket(id=1, person=99))  # the host does not enforce this reference, and still need not
            session.commit()
    host.dispose()


def test_a_hosts_memory_database_is_shared_as_it_is(tmp_path: Path) -> None:
    """Its one connection is set up and shared; one connection for each thread would be many databases."""
    shared = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    HostBase.metadata.create_all(shared)
    with Rectiflow.open(engine=shared) as flow:
        assert flow.store.engine is shared
        assert pragmas(shared)["recursive_triggers"] == 1
    assert "ticket" in inspect(shared).get_table_names()
    shared.dispose()
    several = create_engine("sqlite://")
    with pytest.raises(WorkplaceError, match="内存数据库须用 poolclass=StaticPool 打开"):
        Rectiflow.open(engine=several)
    several.dispose()
    ours = make_engine("sqlite://")
    with Rectiflow.open(engine=ours) as flow, Rectiflow.open(engine=ours) as again:
        assert flow.store.engine is again.store.engine is ours
    ours.dispose()


def test_either_an_address_or_an_engine() -> None:
    """Both or none is a mistake in the host's program."""
    with pytest.raises(ValueError, match="either url or engine"):
        Rectiflow.open()
    with pytest.raises(ValueError, match="either url or engine"):
        Rectiflow.open("sqlite://", engine=make_engine("sqlite://"))

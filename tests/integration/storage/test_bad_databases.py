"""A database that cannot be used: one clear sentence that says what, where and what to do; nothing half written."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import create_engine
from sqlalchemy.exc import IntegrityError

from rectiflow._flow import Rectiflow
from rectiflow.engine.errors import RectiflowError, WorkplaceBusy, WorkplaceError
from rectiflow.storage import organisation, schema
from rectiflow.storage.connect import make_engine, reading, writing
from rectiflow.storage.faults import place_of
from support.ordinary import ordinary_user, reachable_folder
from support.stores import HOME, UNITS, assigned, counts, open_office, reported, rows

SECRET = "s3same-open"


def complaint(work: Callable[[], Any]) -> str:
    """Return what it says, having seen that it is meant for people and gives no password away."""
    with pytest.raises(WorkplaceError) as raised:
        work()
    said, cause = str(raised.value), repr(raised.value.__cause__)
    assert SECRET not in said + cause
    assert said.endswith(("。", "）"))
    assert "Traceback" not in said
    assert "\n" not in said
    return said


def open_and_close(url: str, **options: Any) -> None:
    """Open a database, and close it again."""
    Rectiflow.open(url, **options).close()


# SQLite -----------------------------------------------------------------------------------------------------------


@contextmanager
def held(path: Path) -> Generator[None]:
    """Have another program write to the file and not come to an end."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@pytest.fixture
def path(tmp_path: Path, migrated_file: Path) -> Path:
    """An SQLite file with our schema."""
    return Path(shutil.copy(migrated_file, tmp_path / "rectiflow.db"))


def test_a_locked_file(path: Path) -> None:
    """Whatever writes waits, then says who is in the way; reading goes on; afterwards everything works."""
    flow = open_office(make_engine(f"sqlite:///{path}?timeout=0.1"))
    number = assigned(flow).number
    before = counts(flow.store.engine)
    with held(path):
        writers: tuple[Callable[[], Any], ...] = (
            lambda: flow.do(number, "sign", by="head"),
            lambda: reported(flow),
            lambda: organisation.write_organisation(flow.store.engine, HOME.code, units=UNITS),
            flow.tick,
        )
        for write in writers:
            said = complaint(write)
            assert said == f"数据库“{path}”正被其他程序占用；什么也没有写入，请稍后再试，或先关掉占用它的程序。"
        with pytest.raises(WorkplaceBusy):
            reported(flow)
        assert flow.ticket(number).state == "assigned"
        assert counts(flow.store.engine) == before
    assert flow.do(number, "sign", by="head").state == "rectifying"
    flow.close()


def test_a_new_file_that_somebody_else_is_making(tmp_path: Path) -> None:
    """A file locked before it has a schema: the same sentence, and no schema is made."""
    path = tmp_path / "new.db"
    with held(path):
        assert "正被其他程序占用" in complaint(lambda: open_and_close(f"sqlite:///{path}?timeout=0.1"))
    open_and_close(f"sqlite:///{path}")


def test_a_file_opened_for_reading_only(path: Path) -> None:
    """It can be listed and audited; what would write says that it is read-only."""
    office = open_office(make_engine(f"sqlite:///{path}"))
    number = assigned(office).number
    office.close()
    with Rectiflow.open(f"sqlite:///file:{path}?mode=ro&uri=true") as flow:
        assert [t.number for t in flow.tickets()] == [number]
        assert [breaks for *_, breaks in flow.audit()] == [()]
        said = complaint(lambda: flow.void(number, by="chief", reason="不该登记"))
        assert said == f"数据库“{path}”是只读的，什么也没有写入；请检查文件和所在文件夹的写权限。"
        assert "是只读的" in complaint(lambda: organisation.write_organisation(flow.store.engine, HOME.code))


def test_a_file_without_the_right_to_write() -> None:
    """An ordinary user before a file of somebody else: read-only, said so, nothing changed."""
    with reachable_folder() as folder:
        path = folder / "rectiflow.db"
        open_and_close(f"sqlite:///{path}")
        path.chmod(0o444)
        folder.chmod(0o555)
        content = path.read_bytes()
        with ordinary_user():
            said = complaint(lambda: reported(open_office(make_engine(f"sqlite:///{path}"))))
        assert str(path) in said
        assert "权限" in said
        assert path.read_bytes() == content


def test_a_folder_without_the_right_to_write() -> None:
    """No file can be made in it."""
    with reachable_folder() as folder:
        folder.chmod(0o555)
        url = f"sqlite:///{folder / 'new.db'}"
        with ordinary_user():
            said = complaint(lambda: open_and_close(url))
        assert said == f"数据库“{folder / 'new.db'}”打不开：没有读写文件或所在文件夹的权限；请检查权限。"
        assert list(folder.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """It is named, and not made in silence."""
    file = tmp_path / "nowhere" / "rectiflow.db"
    said = complaint(lambda: open_and_close(f"sqlite:///{file}"))
    assert said == f"数据库“{file}”打不开：没有文件夹“{file.parent}”；请先建立，或核对地址。"
    assert not file.parent.exists()


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    """The address names a folder."""
    said = complaint(lambda: open_and_close(f"sqlite:///{tmp_path}"))
    assert said == f"数据库“{tmp_path}”打不开：这是一个文件夹；请写明文件名。"


@pytest.mark.parametrize("content", [b"PK\x03\x04 not a database" * 100, "序号,单位,隐患\n1,一小,消防\n".encode() * 50])
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    """A workbook or a text under the name of the database: said so, and left as it was."""
    file = tmp_path / "ledger.xlsx"
    file.write_bytes(content)
    for create in (True, False):
        said = complaint(partial(open_and_close, f"sqlite:///{file}", create=create))
        assert said == f"数据库“{file}”不是数据库文件；请核对地址。"
    assert file.read_bytes() == content


def test_a_corrupt_file(path: Path) -> None:
    """Pages overwritten in the middle: whatever comes upon them says that the file is damaged."""
    office = open_office(make_engine(f"sqlite:///{path}"))
    for _ in range(5):
        assigned(office)
    office.close()
    content = bytearray(path.read_bytes())
    page = int.from_bytes(content[16:18], "big")
    for at in range(8 * page, len(content), page):
        content[at : at + 200] = b"\xde\xad\xbe\xef" * 50
    path.write_bytes(content)
    said = {complaint(lambda: open_and_close(f"sqlite:///{path}")) for _ in range(2)}
    assert said == {f"数据库“{path}”的内容已损坏；请不要再写入，用最近的备份恢复。"}


def test_a_file_that_breaks_while_it_is_open(path: Path) -> None:
    """The tickets cannot be read any more: listing and acting say so, each in its own way to the database."""
    flow = open_office(make_engine(f"sqlite:///{path}"))
    number = assigned(flow).number
    (root,) = [
        r["rootpage"]
        for r in rows(flow.store.engine, "SELECT rootpage FROM sqlite_master WHERE name = 'rectiflow_ticket'")
    ]
    flow.close()
    content = bytearray(path.read_bytes())
    page = int.from_bytes(content[16:18], "big")
    content[(root - 1) * page : root * page] = b"\xff" * page
    path.write_bytes(content)
    with Rectiflow.open(f"sqlite:///{path}") as broken:
        for use in (broken.tickets, lambda: list(broken.audit()), lambda: broken.ticket(number)):
            assert "的内容已损坏" in complaint(use)


def test_another_programs_database(tmp_path: Path) -> None:
    """Without our tables: refused when it must have them, and complete beside the other's when it may be made."""
    file = tmp_path / "other.db"
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE ticket (id INTEGER)")
    other.close()
    said = complaint(lambda: open_and_close(f"sqlite:///{file}", create=False))
    assert said == f"数据库“{file}”里还没有隐患数据表，请先运行 rectiflow init。"
    open_and_close(f"sqlite:///{file}")


def test_tables_that_have_gone(path: Path) -> None:
    """Somebody drops our tables while they are in use."""
    flow = open_office(make_engine(f"sqlite:///{path}"))
    number = assigned(flow).number
    with writing(flow.store.engine) as connection:
        connection.exec_driver_sql("DROP TABLE rectiflow_ticket")
    for use in (lambda: flow.ticket(number), flow.tickets):
        assert "里没有所需的数据表；请核对地址是不是这个数据库" in complaint(use)
    flow.close()


def report_until_it_fails(flow: Rectiflow) -> None:
    """Put hazards on record until the room left in half-empty pages is used up."""
    for _ in range(200):
        reported(flow, description="长" * 3000)


def test_a_full_disk_leaves_nothing(path: Path) -> None:
    """A file that may not grow: one clear sentence, nothing written, and it goes on when there is room again."""
    flow = open_office(make_engine(f"sqlite:///{path}"))
    number = assigned(flow).number
    before = counts(flow.store.engine)
    with flow.store.link.alone() as cursor:
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages}")
    said = complaint(lambda: report_until_it_fails(flow))
    assert said == f"数据库“{path}”所在的磁盘已满，什么也没有写入；请清理磁盘后重试。"
    written = counts(flow.store.engine)["event"]
    assert counts(flow.store.engine)["ticket"] == written - before["event"] + before["ticket"]
    assert all(breaks == () for *_, breaks in flow.audit())
    with flow.store.link.alone() as cursor:
        cursor.execute("PRAGMA max_page_count = 1000000")
    assert flow.do(number, "sign", by="head").state == "rectifying"
    assert reported(flow).number == f"LZH-2024-{counts(flow.store.engine)['ticket']:06d}"
    flow.close()


def test_mistakes_of_a_program_pass_as_they_are(path: Path) -> None:
    """A broken rule is for the programmer: it is not dressed up as a fault of the database."""
    engine = make_engine(f"sqlite:///{path}")
    organisation.add_district(engine, HOME)
    with pytest.raises(IntegrityError), writing(engine) as connection:
        connection.exec_driver_sql("INSERT INTO rectiflow_counter (district) VALUES ('x')")
    engine.dispose()


# addresses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    ["", "rectiflow.db", "://", "postgresql://office@host:notaport/name", "sqlite+nothing:///x"],
)
def test_an_address_that_is_none(url: str) -> None:
    """It says how one is written."""
    assert complaint(lambda: open_and_close(url)).startswith("数据库地址看不懂，请写成 sqlite:///文件 或 postgresql://")


def test_another_kind_of_database() -> None:
    """It says which ones there are."""
    said = complaint(lambda: open_and_close(f"mysql://office:{SECRET}@host/name"))
    assert said == "不支持 mysql 数据库，地址请写成 sqlite:///文件 或 postgresql://用户@主机/库名。"


def test_a_database_is_named_without_its_password() -> None:
    """Neither the password in its place nor one among the options is shown."""
    engine = make_engine(f"postgresql://office:{SECRET}@db.example:5433/hazards?password={SECRET}")
    assert place_of(engine.url) == "数据库“office@db.example:5433/hazards”"
    assert place_of(make_engine("sqlite://").url) == "内存数据库"


# PostgreSQL -------------------------------------------------------------------------------------------------------


def test_a_server_that_does_not_answer() -> None:
    """Nobody listens there."""
    said = complaint(lambda: open_and_close(f"postgresql://office:{SECRET}@127.0.0.1:1/hazards"))
    assert said.startswith("数据库“office@127.0.0.1:1/hazards”连不上；请核对地址，看服务器和网络是否正常。（")


def test_no_such_database(postgres_server: str) -> None:
    """The server is there, the database is not."""
    said = complaint(lambda: open_and_close(postgres_server.replace("/postgres?", "/nowhere?")))
    assert said.endswith("/nowhere”不存在；请先在服务器上建立这个数据库，或核对库名。")


def test_no_such_user(postgres_server: str) -> None:
    """The server does not know who this is."""
    said = complaint(lambda: open_and_close(postgres_server.replace("postgres:@", f"stranger:{SECRET}@", 1)))
    assert said.endswith("的用户名或口令不对，或不允许从本机登录；请核对后重试。")


def test_a_wrong_password(postgres_server: str) -> None:
    """The server asks for a password, and this is not the one."""
    user = sql.Identifier("rectiflow_asked")
    with psycopg.connect(postgres_server.replace("+psycopg", ""), autocommit=True) as admin:
        (rules,) = admin.execute("SHOW hba_file").fetchone() or ("",)
        before = Path(rules).read_text(encoding="utf-8")
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(user, sql.Literal("another")))
        Path(rules).write_text(f"local all rectiflow_asked scram-sha-256\n{before}", encoding="utf-8")
        admin.execute("SELECT pg_reload_conf()")
        try:
            said = complaint(
                lambda: open_and_close(postgres_server.replace("postgres:@", f"rectiflow_asked:{SECRET}@", 1))
            )
        finally:
            Path(rules).write_text(before, encoding="utf-8")
            admin.execute("SELECT pg_reload_conf()")
            admin.execute(sql.SQL("DROP ROLE {}").format(user))
    assert said.endswith("的用户名或口令不对，或不允许从本机登录；请核对后重试。")


def test_a_database_that_goes_while_it_is_used(fresh_postgres_url: str, postgres_server: str) -> None:
    """Dropped under our hands: every way of using it says that it is not there."""
    engine = make_engine(fresh_postgres_url)
    schema.migrate(engine)
    flow = open_office(engine)
    number = assigned(flow).number
    name = sql.Identifier(str(engine.url.database))
    with psycopg.connect(postgres_server.replace("+psycopg", ""), autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
        try:
            for use in (flow.tickets, lambda: flow.do(number, "sign", by="head"), flow.tick, lambda: reported(flow)):
                assert "不存在；请先在服务器上建立这个数据库" in complaint(use)
        finally:
            flow.close()
            admin.execute(sql.SQL("CREATE DATABASE {}").format(name))


def test_a_read_only_server(migrated_postgres_url: str) -> None:
    """A standby can be read; what would write says where to go instead."""
    office = open_office(make_engine(migrated_postgres_url))
    number = assigned(office).number
    office.close()
    url = f"{migrated_postgres_url}&options=-cdefault_transaction_read_only%3Don"
    with Rectiflow.open(url) as flow:
        assert flow.ticket(number).state == "assigned"
        said = complaint(lambda: flow.void(number, by="chief", reason="不该登记"))
        assert said.endswith("是只读的（备用服务器），什么也没有写入；请改用主服务器的地址。")


def test_a_lock_that_somebody_holds(migrated_postgres_url: str) -> None:
    """With a limit to waiting, a ticket that another program has locked is busy, not lost."""
    office = open_office(make_engine(migrated_postgres_url))
    number = assigned(office).number
    office.close()
    with (
        Rectiflow.open(f"{migrated_postgres_url}&options=-clock_timeout%3D100") as flow,
        psycopg.connect(migrated_postgres_url.replace("+psycopg", "")) as other,
    ):
        other.execute("SELECT 1 FROM rectiflow_ticket FOR UPDATE")
        with pytest.raises(WorkplaceBusy, match="正被其他程序占用；什么也没有写入，请稍后再试"):
            flow.void(number, by="chief", reason="不该登记")
        other.rollback()
        assert flow.void(number, by="chief", reason="不该登记").marks["outcome"] == "void"


def test_a_hosts_pool_that_is_used_up(migrated_postgres_url: str) -> None:
    """The host allows one connection, and it is in use: busy, and told so."""
    host = create_engine(migrated_postgres_url, pool_size=1, max_overflow=0, pool_timeout=0.1)
    with reading(host), pytest.raises(WorkplaceBusy, match="的连接已用满；什么也没有写入，请稍后再试"):
        organisation.districts(host)
    assert organisation.districts(host) == {}
    host.dispose()


def test_every_complaint_is_one_of_ours() -> None:
    """The command line shows them as they are: they are RectiflowErrors."""
    assert issubclass(WorkplaceError, RectiflowError)
    assert issubclass(WorkplaceBusy, WorkplaceError)

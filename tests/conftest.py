"""What every test may ask for: a PostgreSQL server, an empty database in it, and a mail server."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import settings

from support.postgres import fresh_database, running_server
from support.smtp import MailServer, start_mail_server

# The server's own user has to reach the folder, so it is not below pytest's (which is closed to others),
# and its name is short: the path of a Unix socket has room for 107 bytes.
_FOLDER_KEY = pytest.StashKey[Path]()
_FOLDER_VARIABLE = "RECTIFLOW_TEST_SERVER_DIR"


settings.register_profile("any machine", deadline=None)  # how long an example takes says nothing about it
settings.load_profile("any machine")


def pytest_configure(config: pytest.Config) -> None:
    """Name one folder for the servers of this run; the worker processes of xdist inherit it."""
    if not hasattr(config, "workerinput"):
        folder = Path(tempfile.mkdtemp(prefix="rft-"))
        runtime = folder / "runtime"
        (runtime / "python_PostgresServer").mkdir(parents=True)  # where the server's package keeps its lock
        runtime.chmod(0o700)
        config.stash[_FOLDER_KEY] = folder
        os.environ.update({_FOLDER_VARIABLE: str(folder), "XDG_RUNTIME_DIR": str(runtime), "MPLBACKEND": "agg"})


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder, in the process that made it."""
    folder = config.stash.get(_FOLDER_KEY, None)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a real PostgreSQL server's database ``postgres``; one server for all worker processes."""
    with running_server(Path(os.environ[_FOLDER_VARIABLE])) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The address of a database that all tests of this worker process share; it begins empty."""
    with fresh_database(postgres_server) as url:
        yield url


@pytest.fixture
def fresh_postgres_url(postgres_server: str) -> Iterator[str]:
    """The address of an empty database of this test alone, dropped after it."""
    with fresh_database(postgres_server) as url:
        yield url


class StartMailServer(Protocol):
    """What the fixture ``smtp_server`` is: each call starts one more server."""

    def __call__(
        self, *, starttls: bool = True, login: bool = True, refuse: Mapping[str, int] | None = None
    ) -> MailServer:
        """Start it, and stop it after the test."""
        ...


@pytest.fixture
def smtp_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartMailServer]:
    """Start mail servers: STARTTLS and login unless told otherwise, recipients refused with the code given."""
    stops: list[Callable[[], None]] = []

    def start(*, starttls: bool = True, login: bool = True, refuse: Mapping[str, int] | None = None) -> MailServer:
        folder = tmp_path_factory.mktemp("mail")
        mailbox, controller = start_mail_server(folder, starttls=starttls, login=login, refuse=refuse)
        stops.append(controller.stop)
        return mailbox

    yield start
    for stop in reversed(stops):
        stop()

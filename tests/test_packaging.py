"""The house stands: links and folders agree, the wheel is whole, the engine is light and pure."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "rectiflow"
FOLDERS = ("commands", "engine", "intake", "notifiers", "reports", "storage", "workflows")
LINKS = {*FOLDERS, "cli.py"}
BARE = {*FOLDERS, "cli"}
DATA = {".yaml", ".j2", ".mako", ".docx", ".typed"}


def sources(*folders: str) -> list[Path]:
    """Find the Python files of these folders."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def content(folder: Path) -> set[str]:
    """List what a folder of code holds, as a wheel should hold it."""
    return {
        str(path.relative_to(ROOT))
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix not in {".pyc", ".pyo"}
    }


def run_python(*arguments: str, cwd: Path = ROOT) -> str:
    """Run this interpreter, away from the caller's input; its output, or the test fails with its errors."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout


def build(kind: str, source: Path, target: Path) -> Path:
    """Build one distribution with the pinned backend; nothing is fetched."""
    run_python("-m", "build", f"--{kind}", "--no-isolation", "--outdir", str(target), str(source))
    (made,) = target.iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a wheel from the tree."""
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


def names(wheel: Path) -> set[str]:
    """List the package's files in a wheel, without the metadata."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_links_are_the_folders() -> None:
    """The import package links to every folder of code, and to nothing else."""
    links = {path.name: path for path in PACKAGE.iterdir() if path.is_symlink()}
    assert set(links) == LINKS
    for name, link in links.items():
        assert link.readlink() == Path("../..", name)
        assert link.resolve() == ROOT / name


def test_every_folder_with_code_is_linked() -> None:
    """A package at the root is either linked or the bench, which is not shipped."""
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages == {*FOLDERS, "bench"}


def test_root_is_no_package() -> None:
    """An `__init__.py` at the root would import every module twice."""
    assert not (ROOT / "__init__.py").exists()
    assert not (ROOT / "conftest.py").exists()


def test_pyright_sees_every_link() -> None:
    """Pyright does not walk into linked folders, so each is named in its configuration."""
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert {f"src/rectiflow/{name}" for name in FOLDERS} <= set(configuration["tool"]["pyright"]["include"])


@pytest.mark.parametrize(
    "path", [*sources(*FOLDERS, "src", "tests"), ROOT / "cli.py"], ids=lambda path: str(path.relative_to(ROOT))
)
def test_no_bare_imports(path: Path) -> None:
    """`import engine` works by accident from the root, and makes a second copy of every class."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        imported: list[str] = []
        if isinstance(node, ast.Import):
            imported = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            imported = [node.module or ""]
        assert not {name.split(".")[0] for name in imported} & BARE


@pytest.mark.parametrize("path", sources("engine"), ids=lambda path: str(path.relative_to(ROOT)))
def test_engine_reads_no_clock_and_opens_no_file(path: Path) -> None:
    """The time and every text are handed to the engine."""
    outside = ("datetime.now", "datetime.utcnow", "date.today", ".read_text", ".read_bytes", ".write_text")
    calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    for call in calls:
        called = ast.unparse(call.func)
        assert called != "open", f"line {call.lineno}"
        assert not called.endswith(outside), f"line {call.lineno}"


def test_wheel_holds_every_file(wheel: Path) -> None:
    """Code and data of all folders are in the wheel, below one name, and nothing else is."""
    expected = {f"rectiflow/{name}" for folder in FOLDERS for name in content(ROOT / folder)}
    real = [
        path for path in PACKAGE.iterdir() if path.is_dir() and not path.is_symlink() and path.name != "__pycache__"
    ]
    expected |= {f"rectiflow/{path.name}" for path in PACKAGE.iterdir() if path.is_file()}
    expected |= {name.removeprefix("src/") for folder in real for name in content(folder)}
    assert names(wheel) == expected
    assert "rectiflow/py.typed" in expected
    assert {f"rectiflow/{folder}/__init__.py" for folder in FOLDERS} < expected


def test_data_of_the_folders_reaches_the_wheel(wheel: Path) -> None:
    """Definitions, templates and migrations are shipped, whatever a list of patterns might forget."""
    in_tree = {Path(name).suffix for folder in FOLDERS for name in content(ROOT / folder)}
    assert {Path(name).suffix for name in names(wheel)} >= (in_tree | {".typed"}) & DATA


def test_source_distribution_makes_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    """The links become real files in the source distribution, and the same wheel comes out of it."""
    archive = build("sdist", ROOT, tmp_path / "sdist")
    with tarfile.open(archive) as unpacked:
        unpacked.extractall(tmp_path / "unpacked", filter="data")
    (source,) = (tmp_path / "unpacked").iterdir()
    assert names(build("wheel", source, tmp_path / "wheel")) == names(wheel)


def test_engine_is_light() -> None:
    """Importing the engine loads no database, no template engine, no chart."""
    heavy = ["sqlalchemy", "sqlmodel", "apscheduler", "jinja2", "aiosmtplib", "typer", "rich", "matplotlib", "cel"]
    loaded = run_python("-c", f"import sys, rectiflow.engine; print([m for m in {heavy} if m in sys.modules])")
    assert loaded.strip() == "[]"


def test_command_line_starts_from_anywhere(tmp_path: Path) -> None:
    """`python -m rectiflow --help` answers in Chinese, also outside the tree."""
    assert "隐患" in run_python("-m", "rectiflow", "--help", cwd=tmp_path)


def test_console_script_is_installed() -> None:
    """The command has its short name."""
    assert shutil.which("rectiflow", path=str(Path(sys.executable).parent))

"""Definitions checked and played through: files in, problems and stories out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from rectiflow._library import Source, builtin_sources, calendar_for, load_library
from rectiflow.engine.errors import InputUnusable, Problem, os_reason
from rectiflow.engine.load import check_workflow, load_catalogue
from rectiflow.engine.scenario import ScenarioResult, run_scenario
from rectiflow.engine.source import MAX_BYTES
from rectiflow.engine.workflow import Workflow

if TYPE_CHECKING:
    from rectiflow._library import Library

__all__ = ["builtin_scenarios", "check_files", "play", "read_source"]


def check_files(paths: Sequence[Path]) -> Iterator[tuple[Path, Workflow | None, tuple[Problem, ...]]]:
    """Check definition files; yield each with its workflow (None when it does not load) and every problem or warning.

    Raises:
        InputUnusable: a file cannot be read.
    """
    from rectiflow.notifiers import OCCASIONS

    _, sources = builtin_sources()
    own = [folder / "catalogues" for folder in {p.parent for p in paths}]
    sources += [read_source(f) for folder in own if folder.is_dir() for f in sorted(folder.glob("*.yaml"))]
    catalogues = {c.id: c for c in (load_catalogue(s.text, source=s.name) for s in sources)}
    for path in paths:
        text = read_source(path).text
        workflow, problems = check_workflow(text, source=str(path), catalogues=catalogues, templates=OCCASIONS)
        yield path, workflow, problems


def builtin_scenarios() -> list[Source]:
    """Return the stories that come with the built-in definitions."""
    folder = files("rectiflow.workflows").joinpath("definitions", "scenarios")
    found = sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    return [Source(f.name, f.read_text(encoding="utf-8")) for f in found]


def play(sources: Iterable[Source], library: Library | None = None) -> Iterator[ScenarioResult]:
    """Play scenarios in the sample district under a virtual clock.

    Raises:
        WorkflowInvalid: a scenario is no scenario; every problem with its place.
    """
    from rectiflow.workflows.sample.directory import sample_directory

    workflows = (library or load_library()).latest
    directory, calendar = sample_directory(), calendar_for("cn-workdays")
    for source in sources:
        yield run_scenario(source.text, source.name, workflows, directory, calendar)


def read_source(path: Path) -> Source:
    """Read a YAML file.

    Raises:
        InputUnusable: it cannot be read, is too large, or is no UTF-8 text.
    """
    try:
        if path.stat().st_size > MAX_BYTES * 4:
            raise InputUnusable(
                f"{path} 太大（{path.stat().st_size // 1024} KB），流程定义最多 {MAX_BYTES // 1024} KB。"
            )
        return Source(str(path), path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise InputUnusable(f"{path} 读不了：{os_reason(exc)}。请核对路径。") from exc
    except UnicodeDecodeError as exc:
        raise InputUnusable(f"{path} 不是 UTF-8 文本，请另存为 UTF-8。") from exc

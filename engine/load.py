"""Load a definition: text → located tree → parts → all checks at once → the frozen Workflow.

Only text comes in; who reads the file and knows its name is the caller. A definition is untrusted: nothing in it is
ever imported or executed, its guards are CEL, its size is bounded.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from .assembly import assemble
from .build import read, read_catalogue
from .checks import Desk, check
from .errors import Problem, WorkflowInvalid
from .flow import check_flow
from .source import Report, parse
from .workflow import Catalogue, Workflow

__all__ = ["check_workflow", "load_catalogue", "load_workflow"]


def load_workflow(
    text: str, *, source: str, catalogues: Mapping[str, Catalogue], templates: Collection[str] | None = None
) -> Workflow:
    """Load a workflow definition.

    Args:
        text: The definition, YAML 1.2.
        source: What to call the text in problems, usually the file's name.
        catalogues: The catalogues its fields may use, by id. The workflow holds those it uses, by field.
        templates: The message templates there are; None leaves their names unchecked.

    Raises:
        WorkflowInvalid: the definition does not load; it carries every problem, not only the first.
    """
    workflow, problems = check_workflow(text, source=source, catalogues=catalogues, templates=templates)
    if workflow is None:
        raise WorkflowInvalid(problems)
    return workflow


def check_workflow(
    text: str, *, source: str, catalogues: Mapping[str, Catalogue], templates: Collection[str] | None = None
) -> tuple[Workflow | None, tuple[Problem, ...]]:
    """Check a workflow definition; return it with its warnings, or None with every problem in the order of the text."""
    report = Report(source)
    tree = parse(text, report)
    if tree is None:
        return None, report.problems
    parts = read(tree, report)
    desk = Desk(
        parts=parts,
        tree=tree,
        text=text,
        report=report,
        fields=parts.all_fields,
        catalogues=catalogues,
        templates=templates,
    )
    check(desk)
    check_flow(desk)
    return (None if report.failed else assemble(parts, text, catalogues)), report.problems


def load_catalogue(text: str, *, source: str) -> Catalogue:
    """Load a catalogue: the list of categories, places … that a bureau keeps.

    Raises:
        WorkflowInvalid: it does not load; every problem is named with its place.
    """
    report = Report(source)
    tree = parse(text, report)
    catalogue = read_catalogue(tree, report) if tree is not None else None
    if catalogue is None or report.failed:
        raise WorkflowInvalid(report.problems)
    return catalogue

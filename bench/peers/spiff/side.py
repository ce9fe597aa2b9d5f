# noqa: INP001 a folder, no package: as a package it would hide the library it is called after
# mypy: ignore-errors
# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false
# These libraries are in the environment of this peer only, where no checker looks.
"""SpiffWorkflow: a BPMN process of five user tasks; its whole state goes to SQLite as JSON after each task.

A step is what a server has to do for one click: read the state, restore the workflow, find the task that is ready, check
that the person may do it, run it, serialize, write, commit (WAL, synchronous=FULL). It writes its own state only, one row
for each hazard: no history, no timers, no outbox. The process is parsed once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from hazard import PEOPLE, REPORT, STEPS, numbers
from serving import PRAGMAS, repeated, serve
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.util.task import TaskState


def lifecycle(connection: sqlite3.Connection) -> Callable[[], None]:
    """Return one lifecycle: the process is started and saved, then each task in turn."""
    parser = BpmnParser()
    parser.add_bpmn_file(str(Path(__file__).with_name("hazard.bpmn")))
    spec = parser.get_spec("hazard")
    serializer = BpmnWorkflowSerializer()
    number = numbers("SPIFF")

    def create() -> str:
        own = number()
        workflow = BpmnWorkflow(spec)
        workflow.do_engine_steps()
        workflow.data.update(REPORT.data, number=own)
        connection.execute("INSERT INTO state VALUES (?, ?)", [own, serializer.serialize_json(workflow)])
        return own

    def once() -> None:
        own = create()
        for step in STEPS:
            ((text,),) = connection.execute("SELECT body FROM state WHERE number = ?", [own])
            workflow = serializer.deserialize_json(text)
            task = workflow.get_next_task(state=TaskState.READY, manual=True)
            if task.task_spec.name != step.trigger or task.task_spec.lane not in PEOPLE[step.actor].roles:
                raise PermissionError(step.trigger)
            task.data.update(step.data)
            task.run()
            workflow.do_engine_steps()
            connection.execute("UPDATE state SET body = ? WHERE number = ?", [serializer.serialize_json(workflow), own])
        if not workflow.is_completed():
            raise RuntimeError("the process has not come to its end")

    return once


def main() -> None:
    """Open a new file, on which each statement that writes is a transaction of its own."""
    connection = sqlite3.connect("spiff.db", isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(pragma)
    connection.execute("CREATE TABLE state (number TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID")
    serve(repeated(lifecycle(connection)))


if __name__ == "__main__":
    main()

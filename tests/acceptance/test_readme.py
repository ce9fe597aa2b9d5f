"""What the README shows runs as it stands there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from rectiflow import Rectiflow
from rectiflow.engine.directory import District, Holding, Person, Post, Unit
from rectiflow.storage import organisation, schema
from rectiflow.workflows.sample.loader import write_opening_ledger, write_organisation_workbook
from support.pictures import PNG

NOW = ("--as", "安全股股长", "--now", "2024-09-03T10:00")  #: of the alias that the Chinese page shows
ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_the_embedding_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """The Python block of the README runs, lists actions with reasons and names why the close is refused."""
    blocks = BLOCK.findall((ROOT / "README.md").read_text("utf-8"))
    assert len(blocks) == 2
    exec(compile(blocks[0], "README.md", "exec"), {})  # noqa: S102 our own page
    shown = capsys.readouterr().out
    assert "签收 可办" in shown
    assert "['wrong_state']" in shown


class Base(DeclarativeBase):
    """A host's own tables."""


class Invoice(Base):
    """A row of the host's."""

    __tablename__ = "invoice"
    hazard: Mapped[str] = mapped_column(primary_key=True)


def test_the_example_of_a_host_s_transaction_runs(tmp_path: Path) -> None:
    """The second block: the host's row and both changes are there together."""
    engine = create_engine(f"sqlite:///{tmp_path / 'host.db'}")
    Base.metadata.create_all(engine)
    schema.migrate(engine)
    organisation.add_district(engine, District(code="990000", prefix="TEST", name="测试区教育局"))
    organisation.write_organisation(
        engine,
        "990000",
        units=[Unit(id="bureau", name="安全股", kind="section"), Unit(id="school", name="第一小学", kind="school")],
        posts=[
            Post(
                id="p1",
                unit="bureau",
                title="股长",
                roles=frozenset({"safety_section", "lead_section", "bureau_leader"}),
            ),
            Post(id="p2", unit="school", title="校长", roles=frozenset({"principal"})),
        ],
        persons=[Person(id="head", name="安全股股长"), Person(id="principal", name="第一小学校长")],
        holdings=[Holding(post="p1", person="head"), Holding(post="p2", person="principal")],
    )
    flow = Rectiflow.open(engine=engine)
    number = flow.report(
        "hazard", by="head", unit="school", source="bureau", found_on=flow.today(), category="fire", description="上锁"
    ).number
    flow.do(number, "assign", by="head", responsible_person="principal", due_on=flow.today() + timedelta(days=9))
    block = BLOCK.findall((ROOT / "README.md").read_text("utf-8"))[1]
    known = {"Session": Session, "engine": engine, "flow": flow, "Invoice": Invoice, "number": number}
    exec(compile(block, "README.md", "exec"), known)  # noqa: S102 our own page
    with Session(engine) as session:
        assert session.get(Invoice, number) is not None
    assert flow.ticket(number).state == "rectifying"
    assert [r.kind for r in flow.snapshot(number).requests] == ["funding"]
    flow.close()
    engine.dispose()


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md", "ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(name: str) -> None:
    """Every relative link of a page names a file or folder of the project."""
    page = ROOT / name
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8"))
    assert not [link for link in links if not (page.parent / link).exists()]


def shown(page: str, begins: str, ends: str) -> list[str]:
    """Return the lines of commands between two places of a page, but those that set up an office in earnest."""
    text = (ROOT / page).read_text("utf-8")
    lines = re.findall(
        r"^ {4,}((?:rectiflow|cd|cp|mkdir|alias)\b.*)", text[text.index(begins) : text.index(ends)], re.MULTILINE
    )
    return [line for line in lines if "隐患整改" not in line]


@pytest.mark.parametrize(
    ("page", "begins", "ends", "always"),
    [
        ("README.md", "## At the command line", "## Embedded", ()),
        ("README.zh-CN.md", "想先练手，", "英文说明见", NOW),
    ],
)
def test_every_command_works_in_order(
    page: str,
    begins: str,
    ends: str,
    always: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Typed one after the other in a rehearsal, beside the workbooks and pictures of the demonstration, all are done."""
    from rectiflow.cli import main

    demo = tmp_path / "demo"
    (demo / "evidence").mkdir(parents=True)
    (demo / "evidence" / "photo").write_bytes(PNG)
    write_organisation_workbook(demo / "单位人员表.xlsx")
    write_opening_ledger(demo / "期初台账.xlsx")
    monkeypatch.chdir(tmp_path)
    done = 0
    for line in shown(page, begins, ends):
        words = shlex.split(line, comments=True)
        if words[0] == "alias":
            assert " ".join(always) in line
        elif words[0] == "cd":
            monkeypatch.chdir(words[1])
        elif words[0] in ("mkdir", "cp"):
            subprocess.run(["bash", "-c", line], check=True, timeout=60)
        else:
            assert words[0] == "rectiflow", line
            monkeypatch.setattr(sys, "argv", ["rectiflow", *always, *words[1:]])
            with pytest.raises(SystemExit) as stopped:
                main()
            said = capsys.readouterr()
            assert stopped.value.code == 0, f"{line}\n{said.out}{said.err}"
            done += 1
    assert done > 20

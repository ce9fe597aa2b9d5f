"""What the README shows runs as it stands there."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from rectiflow import Rectiflow
from rectiflow.engine.directory import District, Holding, Person, Post, Unit
from rectiflow.storage import organisation, schema

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

"""Who keeps what: messages, incidents and grants are not for everybody."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from .conftest import Answer, Cli

HEADMASTER = "示例一镇初级中学校长"
KEEPING = (
    ("outbox", "send"),
    ("outbox", "retry"),
    ("outbox", "cancel", "x"),
    ("incident", "list"),
    ("incident", "show", "x"),
    ("incident", "retry", "x"),
    ("incident", "rearm"),
    ("incident", "close", "x"),
)


@pytest.mark.parametrize("words", KEEPING)
def test_only_the_safety_section_keeps_messages_and_incidents(cli: Cli, words: tuple[str, ...]) -> None:
    """A headmaster neither sends, repeats or cancels messages, nor closes what the machine could not do."""
    answer = cli(*words, by=HEADMASTER)
    assert answer.code == 1
    assert "请由安全股办理" in answer.err


def test_everybody_sees_their_own_messages_alone(cli: Cli) -> None:
    """A headmaster's list holds what is addressed to him; another's message cannot be shown."""
    everything = json.loads(cli("outbox", "list", "--limit", "0", "--json").out)
    own = json.loads(cli("outbox", "list", "--limit", "0", "--json", by=HEADMASTER).out)
    assert {m["recipient"] for m in own} == {HEADMASTER}
    assert 0 < len(own) < len(everything)
    other = next(m for m in everything if m["recipient"] != HEADMASTER)
    assert cli("outbox", "show", other["key"], by=HEADMASTER).code == 1
    assert cli("outbox", "show", own[0]["key"], by=HEADMASTER).code == 0


def test_nobody_without_a_name_sees_anything(cli: Cli) -> None:
    """The account at the keyboard belongs to nobody here: it is told so, with what to do."""
    answer = cli("outbox", "list", by=None)
    assert answer.code == 1
    assert "没有对应的人员" in answer.err


def test_a_grant_is_taken_back_by_importing(cli: Cli, workplace: Path) -> None:
    """The column is the whole of what is granted: emptied it is gone, and both ways are said aloud."""
    given = _import(cli, workplace, {"安全股干事": "查看受限类别"})
    assert "权限：安全股干事增加“查看受限类别”权限" in given.out
    taken = _import(cli, workplace, {"安全股干事": "", "安全股副股长": ""})
    assert "权限：安全股干事取消“查看受限类别”权限" in taken.out
    assert "权限：安全股副股长取消“查看受限类别”权限" in taken.out
    assert cli("ticket", "show", "4", by="安全股副股长").code == 1
    assert "权限：" not in _import(cli, workplace, {"安全股干事": "", "安全股副股长": ""}).out


def test_a_sheet_without_the_column_takes_nothing_away(cli: Cli, workplace: Path) -> None:
    """Who keeps a list of telephone numbers alone does not know of grants."""
    answer = _import(cli, workplace, {}, column=False)
    assert (answer.code, "权限：" in answer.out) == (0, False)
    assert cli("ticket", "show", "4", by="安全股副股长").code == 0


def test_nobody_grants_himself_anything(cli: Cli, workplace: Path) -> None:
    """In earnest, not in a rehearsal: the row is refused, with what to do."""
    from rectiflow._organisation import import_organisation
    from rectiflow._workplace import Workplace

    path = _workbook(workplace, {"安全股股长": "查看受限类别、代为操作"})
    place = Workplace.open(workplace / "rectiflow.toml", db=None, now=None, guarded=False)
    head = place.flow.directory().find_person("安全股股长").id
    brought = import_organisation(place.flow, path, by=head, dry_run=True)
    place.flow.close()
    assert any("不能给自己授权" in problem for problem in brought.problems)
    assert next(p for p in brought.persons if p.id == head).grants == {"see_restricted"}


def _import(cli: Cli, workplace: Path, grants: dict[str, str], *, column: bool = True) -> Answer:
    return cli("unit", "import", str(_workbook(workplace, grants, column=column)))


def _workbook(workplace: Path, grants: dict[str, str], *, column: bool = True) -> Path:
    """Write the workplace's people with other grants, or without the column of grants."""
    book = openpyxl.load_workbook(workplace / "people.xlsx")
    sheet = book["人员"]
    cells: Any = sheet.cell
    header = next(r for r in sheet.iter_rows() if any(c.value == "权限" for c in r))
    titles = {str(c.value): i for i, c in enumerate(header, start=1)}
    for row in range(int(header[0].row or 1) + 1, sheet.max_row + 1):
        name = cells(row, titles["姓名"]).value
        if name in grants:
            cells(row, titles["权限"]).value = grants[name]
    if not column:
        sheet.delete_cols(titles["权限"])
    path = workplace / "changed.xlsx"
    book.save(path)
    return path


def test_the_doctor_notes_secrets_that_others_can_read(cli: Cli, workplace: Path) -> None:
    """The file with its mode and what to do; a file of one's own is not spoken of, nor a certificate."""
    file = workplace / "rectiflow.toml"
    text = file.read_text("utf-8").replace("[mail] ", '[mail]\npassword_file = "口令"\nca_file = "证书"\n# ', 1)
    file.write_text(f'{text}\n[channels.sms]\nkind = "aliyun"\naccess_key_secret_file = "密钥"\n', "utf-8")
    for name, mode in (("口令", 0o644), ("证书", 0o644), ("密钥", 0o600)):
        (workplace / name).write_text("secret", "utf-8")
        (workplace / name).chmod(mode)
    found = [f["detail"] for f in json.loads(cli("doctor", "--json").out) if f["subject"] == "口令文件"]
    assert [workplace / "口令" == Path(d.split()[0]) and "chmod 600" in d for d in found] == [True]


def test_a_rehearsal_says_what_it_took(cli: Cli, tmp_path: Path) -> None:
    """The sample's code, prefix and name where none are given, and how to give one's own."""
    answer = cli("init", str(tmp_path / "new"), "--rehearsal", "--prefix", "ABC", by=None, now=None)
    assert "区划代码 420702，编号前缀 ABC，落款 梁子湖区教育局" in answer.out
    assert "--district" in answer.out
    again = cli("init", str(tmp_path / "new"), "--rehearsal", by=None, now=None)
    assert "设置没有改动" in again.out


def test_a_rehearsal_says_what_it_took_from_the_sample(cli: Cli, tmp_path: Path) -> None:
    """Only where something was not given."""
    own = ("--rehearsal", "--district", "420702", "--prefix", "ABC", "--name", "某某区教育局")
    told = cli("init", str(tmp_path / "own"), *own, by=None, now=None).out
    assert "编号前缀 ABC，落款 某某区教育局。" in told.replace("\n", "")
    assert "示例区" not in told
    assert "没有写明的用了示例区的" in cli("init", str(tmp_path / "some"), *own[:-2], by=None, now=None).out

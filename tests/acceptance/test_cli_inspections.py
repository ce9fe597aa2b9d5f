"""Visits through the command line: entered with their findings, brought in from a filled-in form, listed and shown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from support.pictures import JPEG, PNG

from .conftest import Cli
from .test_cli_terminal import terminal

SCHOOL = "示例一镇初级中学"
PRINCIPAL, OFFICER, DEPUTY = f"{SCHOOL}校长", f"{SCHOOL}安全副校长", "安全股副股长"
NEW = ("inspection", "new", SCHOOL, "--inspector", DEPUTY)
SPOT = "食堂灭火器压力不足两具；部位=食堂；类别=消防安全；处理=当场整改；整改措施=当场更换两具"
FINDINGS = (
    "教学楼一层卷帘门无法升降；部位=教学楼；类别=消防安全",
    "宿舍楼二层通道堆放床架；部位=宿舍楼；类别=消防安全",
    SPOT,
    "三处应急照明不亮；部位=教学楼；类别=消防安全",
    "实验室危化品柜未双人双锁；部位=实验室；类别=危化品安全",
    "食堂留样盒无标签；部位=食堂；类别=食品安全",
    "配电箱无盖；部位=配电室；类别=消防安全；处理=当场整改；整改措施=已加盖上锁",
    "防撞桩损坏一根；部位=校门；类别=安防建设",
)


def found(texts: Sequence[str]) -> list[str]:
    """Return the findings as options."""
    return [word for text in texts for word in ("--finding", text)]


def record(cli: Cli) -> dict[str, Any]:
    """Return everything that a visit could have changed: visits, hazards and messages."""
    return {
        "visits": json.loads(cli("inspection", "list", "--json").out),
        "hazards": json.loads(cli("ticket", "list", "--all", "--json").out)["lines"],
        "messages": json.loads(cli("outbox", "list", "--limit", "0", "--json").out),
    }


def shown(cli: Cli, visit: str, by: str = "安全股股长") -> dict[str, Any]:
    """Return a visit as it is on record."""
    return dict(json.loads(cli("inspection", "show", visit, "--json", by=by).out))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with a photograph of the third finding and two of the seventh."""
    folder = tmp_path / "照片"
    folder.mkdir()
    for name in ("3.png", "7.png", "第7项 近.png"):
        (folder / name).write_bytes(PNG + name.encode())
    return folder


# entered by hand ---------------------------------------------------------------------------------------------------


def test_one_visit_with_eight_findings(cli: Cli, photos: Path) -> None:
    """All eight are on record with the visit, two put right on the spot; a trial before wrote nothing; each is told once."""
    words = (*NEW, "--method", "联合", "--partner", "区消防救援大队", "--inspector", "消防专家", *found(FINDINGS))
    before = record(cli)
    trial = cli(*words, "--photos", str(photos), "--dry-run")
    assert (trial.code, "以上是试算，没有写入任何内容。" in trial.out) == (0, True)
    assert record(cli) == before
    made = cli(*words, "--photos", str(photos))
    assert (made.code, made.out.splitlines()[0]) == (0, f"LZH-J2024-0001  2024-09-03 联合检查 {SCHOOL}  8 条隐患")
    drafting = "LZH-2024-000007~8,LZH-2024-000010~12,LZH-2024-000014"
    assert f"rectiflow notice draft {drafting}" in made.out.replace("\n", "").replace("        ", "")
    visit = shown(cli, "J1")
    assert visit["visit"]["inspectors"] == f"{DEPUTY}、消防专家"
    assert (visit["visit"]["partners"], visit["visit"]["findings"]) == ("区消防救援大队", 8)
    assert [f["number"][-2:] for f in visit["findings"]] == ["07", "08", "09", "10", "11", "12", "13", "14"]
    outcomes = {f["place"]: (f["outcome"], f["state"]) for f in visit["findings"]}
    spot = ("当场整改", "复查合格待销号")
    assert outcomes == {k: spot if k in (3, 7) else ("登记", "待交办") for k in range(1, 9)}
    new = [m for m in record(cli)["messages"] if m not in before["messages"]]
    assert PRINCIPAL in [m["recipient"] for m in new]
    assert len(new) == len({m["recipient"] for m in new})
    sheet = json.loads(cli("ticket", "show", "13", "--json").out)
    assert sheet["line"]["state"] == "verified"
    assert "第7项 近.png" in json.dumps(sheet, ensure_ascii=False)


def test_an_own_check_of_the_school(cli: Cli, tmp_path: Path) -> None:
    """The principal enters what the school found and fixed itself: it waits for a verifier, the rest for assignment."""
    (tmp_path / "1.jpg").write_bytes(JPEG)
    words = ("inspection", "new", SCHOOL, "--method", "自查", "--photos", str(tmp_path / "fixed"))
    fixed = "楼梯扶手松动；部位=教学楼；类别=校舍；处理=自查自改；整改措施=已加固"
    (tmp_path / "fixed").mkdir()
    (tmp_path / "1.jpg").rename(tmp_path / "fixed" / "1.jpg")
    made = cli(*words, *found((fixed, "操场围网破损；类别=校舍")), by=PRINCIPAL)
    assert made.code == 0, made.err
    visit = shown(cli, "J1", by=PRINCIPAL)
    assert visit["visit"]["inspectors"] == PRINCIPAL
    assert [(f["outcome"], f["state"]) for f in visit["findings"]] == [("自查自改", "待复查"), ("登记", "待交办")]
    before = record(cli)
    strange = cli("inspection", "new", SCHOOL, "--method", "自查", *found((fixed, "操场围网破损；类别=校舍")))
    assert (strange.code, "自查由本单位人员进行，安全股股长不是本单位的" in strange.err) == (1, True)
    assert "自查由本单位人员进行" in strange.err
    assert record(cli) == before


def test_nothing_found_is_signed_for(cli: Cli) -> None:
    """A zero report is on record with who signed for it; without a signature, or signed by a stranger, it is not."""
    before = record(cli)
    unsigned = cli(*NEW, "--zero")
    assert (unsigned.code, "没有发现隐患也须有人签字（零报告，--signed-by）" in unsigned.err) == (1, True)
    stranger = cli(*NEW, "--zero", "--signed-by", "示例二镇初级中学校长")
    assert (stranger.code, "不能代受检单位签字" in stranger.err) == (1, True)
    assert record(cli) == before
    signed = cli(*NEW, "--zero", "--signed-by", OFFICER, "--note", "节前检查")
    assert (signed.code, "零报告" in signed.out, OFFICER in signed.out) == (0, True, True)
    after = record(cli)
    assert [(v["findings"], v["signed_by"], v["note"]) for v in after["visits"]] == [(0, OFFICER, "节前检查")]
    assert after["hazards"] == before["hazards"]
    assert "没有发现（零报告）" in cli("inspection", "show", "J1").out
    assert "零报告" in cli("inspection", "list").out


def test_everything_wrong_is_said_at_once(cli: Cli, photos: Path) -> None:
    """Date, partners, inspector and every finding are named in one answer; nothing of the visit is stored."""
    before = record(cli)
    texts = ("灭火器过期；类别=消防安全", "地面湿滑；类别=火星", "窗户松动", "插座松动；类别=消防安全；处理=当场整改")
    words = ("--method", "联合", "--inspector", PRINCIPAL, "--on", "9月20日")
    answer = cli(*NEW, *words, *found(texts))
    assert answer.code == 1
    said = answer.err.replace("\n", "")
    for reason in (
        "检查日期 2024-09-20 晚于今天 2024-09-03",
        "联合检查须写明联合单位（--partner）",
        f"{PRINCIPAL}是受检单位的人员，不能作检查人",
        "第 2 条：类别：“火星”不在目录内",
        "第 3 条：缺“类别”",
        "第 4 条：缺“整改措施”",
        "第 4 条：缺“佐证材料”",
    ):
        assert reason in said
    assert said.count("晚于今天") == 1
    few = cli(*NEW, *found(FINDINGS[:5]), "--photos", str(photos))
    assert (few.code, few.err.count("文书上没有这一项（1 至 5）")) == (1, 2)
    assert record(cli) == before


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("没有的学校", *found(FINDINGS[:1])), 1, "没有单位“没有的学校”"),
        ((SCHOOL, "--method", "抽查", *found(FINDINGS[:1])), 2, "没有“抽查”，可写：自查、"),
        ((SCHOOL,), 2, "没有写隐患（--finding）"),
        (found(FINDINGS[:1]), 2, "没有写受检单位"),
        ((SCHOOL, "--finding", "类别=消防安全"), 2, "没有写隐患描述"),
        ((SCHOOL, "--finding", "门坏了；类别=消防安全；处理=乱写"), 2, "没有“乱写”，可写：登记、"),
        ((SCHOOL, "--on", "13月40日", *found(FINDINGS[:1])), 2, "13月40日"),
        ((SCHOOL, "--on", "2024-08-01", *found(FINDINGS[:1])), 1, "补录须写明原因"),
        ((SCHOOL, *found(FINDINGS[:3])), 1, "第 3 条：缺“佐证材料”"),
        ((SCHOOL, "--finding", "门坏了；类别=消防安全；处理=并入"), 1, "第 1 条：并入须写明并入哪一条（编号）"),
        ((SCHOOL, "--finding", "门坏了；类别=消防安全；处理=并入；关联=99"), 1, "99"),
    ],
)
def test_visits_that_cannot_be(cli: Cli, words: Sequence[str], code: int, said: str) -> None:
    """One clear sentence for one fault, and nothing on record."""
    before = record(cli)
    answer = cli("inspection", "new", *words)
    assert (answer.code, said in answer.text.replace("\n", "")) == (code, True), answer.text
    assert record(cli) == before


# like what is known ------------------------------------------------------------------------------------------------


def _closed(cli: Cli) -> None:
    """Have hazard 5 pass and be closed."""
    assert cli("ticket", "do", "5", "复查合格", by=DEPUTY).code == 0
    assert cli("ticket", "do", "5", "销号").code == 0


def test_likeness_is_only_pointed_out(cli: Cli) -> None:
    """Like an open or a closed hazard: said, but entered as a hazard of its own unless a person says otherwise."""
    _closed(cli)
    made = cli("inspection", "new", "示例二镇初级中学", *found(("消火栓无水；类别=消防安全",)))
    assert (made.code, "第 1 条与 LZH-2024-000005（已销号） 相似，请核对是否重复或反弹" in made.err) == (0, True)
    again = cli("inspection", "new", SCHOOL, *found(("安全出口上锁；类别=消防安全",)))
    assert (again.code, "第 1 条与 LZH-2024-000003（在办） 相似" in again.err) == (0, True)
    for visit in ("J1", "J2"):
        only = shown(cli, visit)["findings"]
        assert [(f["outcome"], f["state"], f["linked_to"]) for f in only] == [("登记", "待交办", None)]
        assert "LZH-2024-000005" not in cli("ticket", "show", only[0]["number"], "--json").out


def test_a_person_says_what_it_repeats(cli: Cli) -> None:
    """With 处理=并入 it is merged into the open one; with 关联 alone it is the closed one come back."""
    _closed(cli)
    merged = cli(*NEW, *found(("安全出口上锁；类别=消防安全；处理=并入；关联=3",)))
    assert merged.code == 0, merged.err
    [finding] = shown(cli, "J1")["findings"]
    assert (finding["outcome"], finding["state"], finding["linked_to"]) == ("并入", "重复并入", "LZH-2024-000003")
    back = cli("inspection", "new", "示例二镇初级中学", *found(("消火栓无水；类别=消防安全；关联=5",)))
    assert back.code == 0, back.err
    [finding] = shown(cli, "J2")["findings"]
    assert (finding["outcome"], finding["state"], finding["linked_to"]) == ("登记", "待交办", "LZH-2024-000005")
    assert "LZH-2024-000005" in cli("ticket", "show", finding["number"], "--json").out


@pytest.mark.parametrize(
    ("school", "said", "offer", "outcome"),
    [
        ("示例二镇初级中学", "消火栓无水", "LZH-2024-000005 消火栓无水（已销号，记为反弹）", "登记"),
        (SCHOOL, "安全出口上锁", "LZH-2024-000003 安全出口上锁（在办，并入它）", "并入"),
    ],
)
def test_a_terminal_offers_both(workplace: Path, cli: Cli, school: str, said: str, offer: str, outcome: str) -> None:
    """At a terminal the likeness is a question, whose first answer is that it is none of them."""
    _closed(cli)
    words = ("inspection", "new", school, "--finding", f"{said}；类别=消防安全")
    with terminal(workplace, *words, by="安全股股长") as at:
        options = at.wait("与这些隐患相似")
        at.type("2")
        options += at.wait("就这样登记吗")
        at.type("")
        at.wait("LZH-J2024-0001")
    assert "都不是，另行登记" in options
    assert offer in options
    [finding] = shown(cli, "J1")["findings"]
    assert (finding["outcome"], finding["linked_to"]) == (outcome, offer.split()[0])


# a workbook --------------------------------------------------------------------------------------------------------

ROW = {"检查日期": "2024-09-02", "受检单位": SCHOOL, "检查方式": "区级检查", "检查人": DEPUTY}
ONCE = dict.fromkeys(("检查日期", "受检单位", "检查方式", "检查人"), "同上")  # as the form says
GOOD: tuple[Mapping[str, object], ...] = (
    {**ROW, "部位": "教学楼", "隐患描述": "卷帘门无法升降", "类别": "消防安全"},
    {**ONCE, "部位": "食堂", "隐患描述": "留样盒无标签", "类别": "食品安全", "整改时限": "2024-09-20"},
    {**ROW, "受检单位": "示例二镇第一小学", "隐患描述": "无", "签字人": "校长"},
)


@pytest.fixture
def form(cli: Cli, tmp_path: Path) -> Path:
    """An empty form of the program."""
    path = tmp_path / "检查记录.xlsx"
    assert cli("inspection", "form", str(path)).code == 0
    return path


def fill(path: Path, rows: Sequence[Mapping[str, object]]) -> dict[str, str]:
    """Fill a form in from its third row on; return the columns' letters by title."""
    book = load_workbook(path)
    sheet: Any = book.worksheets[0]
    columns = {cell.value: cell for cell in sheet[2]}
    for place, said in enumerate(rows, start=3):
        for title, value in {**ROW, **said}.items():
            sheet.cell(place, columns[title].column).value = value
    book.save(path)
    return {title: cell.column_letter for title, cell in columns.items()}


def test_a_form_comes_back_filled_in(cli: Cli, form: Path) -> None:
    """Tried, then brought in: two visits, two hazards; the same file again brings nothing."""
    assert "已经存在，没有覆盖" in cli("inspection", "form", str(form)).err
    assert "可合并单元格，或写“同上”" in str(load_workbook(form).worksheets[1]["A1"].value)
    fill(form, GOOD)
    before = record(cli)
    trial = cli("inspection", "import", str(form), "--dry-run")
    assert (trial.code, "将导入检查 2 次、隐患 2 条；此前已有 0 次。" in trial.out) == (0, True), trial.text
    assert record(cli) == before
    done = cli("inspection", "import", str(form))
    assert (done.code, "已导入检查 2 次、隐患 2 条；此前已有 0 次。" in done.out) == (0, True)
    after = record(cli)
    by_unit = {v["unit"]: (v["findings"], v["signed_by"], v["on"]) for v in after["visits"]}
    assert by_unit == {
        SCHOOL: (2, "", "2024-09-02"),
        "示例二镇第一小学": (0, "示例二镇第一小学校长", "2024-09-02"),
    }
    new = [h["description"] for h in after["hazards"] if h not in before["hazards"]]
    assert new == ["卷帘门无法升降", "留样盒无标签"]
    again = cli("inspection", "import", str(form), "--json")
    assert (again.code, json.loads(again.out)["visits"]) == (0, [])
    assert sorted(json.loads(again.out)["known"]) == ["LZH-J2024-0001", "LZH-J2024-0002"]
    assert record(cli) == after


def test_what_was_put_right_on_the_spot_comes_with_its_photograph(cli: Cli, form: Path) -> None:
    """The file lies beside the workbook; one that does not, or is elsewhere, keeps the visit out, and nothing is kept."""
    spot = {**ROW, "隐患描述": "灭火器压力不足", "类别": "消防安全", "处理": "当场整改", "整改措施": "已更换"}
    fill(form, ({**spot, "佐证文件": "整改后.png、../别处.png"},))
    assert "别处.png 不在本表所在的文件夹里" in cli("inspection", "import", str(form)).err.replace("\n", "")
    assert cli("inspection", "form", str(form), "--force").code == 0
    fill(form, ({**spot, "佐证文件": "整改后.png"},))
    missing = cli("inspection", "import", str(form))
    assert (missing.code, "整改后.png”读不了" in missing.err.replace("\n", "")) == (1, True)
    (form.parent / "整改后.png").write_bytes(PNG)
    assert cli("inspection", "import", str(form)).code == 0
    [finding] = shown(cli, "J1")["findings"]
    assert (finding["outcome"], finding["state"]) == ("当场整改", "复查合格待销号")
    assert "整改后.png" in cli("ticket", "show", finding["number"], "--json").out


def test_wrong_cells_are_named(cli: Cli, form: Path) -> None:
    """Each by row and column, those that cannot be read and those that are refused; nothing is stored."""
    wrong: tuple[Mapping[str, object], ...] = (
        {"隐患描述": "卷帘门无法升降", "类别": "火星"},
        {"受检单位": "没有的学校", "隐患描述": "窗户松动", "类别": "校舍"},
        {"检查日期": "2024-09-20", "隐患描述": "地面湿滑", "类别": "校舍"},
        {"检查日期": "2024年2月30日", "隐患描述": "门坏了", "类别": "校舍"},
        {"检查方式": "抽查", "隐患描述": "灯不亮", "类别": "校舍"},
        {"受检单位": "示例二镇第一小学", "隐患描述": "无"},
        {"受检单位": "示例二镇初级中学", "隐患描述": "插座松动", "类别": "消防安全", "处理": "乱写"},
    )
    at = fill(form, wrong)
    before = record(cli)
    answer = cli("inspection", "import", str(form))
    assert answer.code == 1
    said = answer.err.replace("\n", "")
    for row, title, reason in (
        (3, "类别", "“火星”不在目录内"),
        (4, "受检单位", "没有单位“没有的学校”"),
        (5, "检查日期", "2024-09-20 晚于今天"),
        (6, "检查日期", "2024年2月30日"),
        (7, "检查方式", "没有检查方式“抽查”"),
        (8, "签字人", "没有发现隐患也须有人签字"),
        (9, "处理", "处理“乱写”不认识"),
    ):
        start = f"第 {row} 行 {at[title]} 列"
        assert start in said, (start, answer.err)
        assert reason in said.split(start)[1].split("第 ")[0], (start, answer.err)
    assert record(cli) == before


@pytest.mark.parametrize(
    "bad",
    [{"类别": "火星"}, {"处理": "乱写"}, {"整改时限": "2月30日"}],
    ids=["refused", "unreadable choice", "unreadable date"],
)
def test_a_visit_comes_in_whole_or_not_at_all(cli: Cli, form: Path, bad: Mapping[str, object]) -> None:
    """One bad row keeps its whole visit out, the other visit comes in; corrected, the rest comes once."""
    fill(form, (GOOD[0], {**GOOD[1], **bad}, GOOD[2]))
    answer = cli("inspection", "import", str(form))
    assert (answer.code, "第 4 行" in answer.err) == (1, True)
    assert [v["unit"] for v in record(cli)["visits"]] == ["示例二镇第一小学"]
    fill(form, (GOOD[0], {**dict.fromkeys(bad), **GOOD[1]}, GOOD[2]))
    assert cli("inspection", "import", str(form)).code == 0
    after = record(cli)
    assert sorted((v["unit"], v["findings"]) for v in after["visits"]) == [(SCHOOL, 2), ("示例二镇第一小学", 0)]
    assert len(after["hazards"]) == 8


def test_files_that_are_no_form(cli: Cli, tmp_path: Path) -> None:
    """Missing, broken, or a table of something else: one sentence, nothing stored."""
    before = record(cli)
    assert cli("inspection", "import", str(tmp_path / "没有.xlsx")).code == 1
    (tmp_path / "坏.xlsx").write_bytes(b"PK\x03\x04 no workbook")
    assert "坏.xlsx" in cli("inspection", "import", str(tmp_path / "坏.xlsx")).err
    (tmp_path / "他.csv").write_text("序号,名称\n1,某物\n", "utf-8")
    other = cli("inspection", "import", str(tmp_path / "他.csv"))
    assert (other.code, "缺少必需的列：检查日期、受检单位、检查人、隐患描述" in other.err.replace("\n", "")) == (
        1,
        True,
    )
    assert record(cli) == before


# lists -------------------------------------------------------------------------------------------------------------


def test_lists_are_narrowed(cli: Cli) -> None:
    """By unit with those below it, by day and by number; the latest first; a number that is none is said."""
    zero = ("--zero", "--signed-by")
    assert cli(*NEW, *zero, PRINCIPAL, "--on", "9月1日").code == 0
    assert cli("inspection", "new", "示例二镇初级中学", *zero, "示例二镇初级中学校长").code == 0

    def numbers(*words: str) -> list[str]:
        return [v["number"][-1] for v in json.loads(cli("inspection", "list", "--json", *words).out)]

    assert numbers() == ["2", "1"]
    assert numbers("--unit", "示例一镇中心学校") == ["1"]
    assert numbers("--unit", "示例三镇中心学校") == []
    assert numbers("--from", "9月2日") == ["2"]
    assert numbers("--to", "9月2日") == ["1"]
    assert numbers("--limit", "1") == ["2"]
    assert cli("inspection", "list", "--from", "乱").code == 2
    assert json.loads(cli("inspection", "show", "检1", "--json").out)["findings"] == []
    none = cli("inspection", "show", "J9")
    assert (none.code, "没有检查记录“J9”" in none.err) == (1, True)


def test_what_the_school_put_right_is_its_own_statement(cli: Cli, tmp_path: Path) -> None:
    """A bureau's visit takes over a fix by the school: the head's statement, entered on site by who inspected."""
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "1.png").write_bytes(PNG)
    finding = "门锁损坏；类别=安防建设；处理=自查自改；整改措施=学校已换锁"
    assert cli("inspection", "new", SCHOOL, "--finding", finding, "--photos", str(photos)).code == 0
    history = cli("ticket", "history", "7").out
    assert f"自查自改 [代录]  {SCHOOL}校长" in history
    assert "经办 安全股股长 · 方式 当面" in history
    assert json.loads(cli("ticket", "show", "7", "--json").out)["line"]["state"] == "pending_verification"


def test_the_same_visit_is_known_again(cli: Cli) -> None:
    """Entered twice with the same findings, it is on record once, and that is said."""
    words = (
        "inspection",
        "new",
        SCHOOL,
        "--finding",
        "门锁损坏；类别=安防建设",
        "--finding",
        "护栏松动；类别=校舍安全",
    )
    assert cli(*words).code == 0
    again = cli(*words)
    assert again.code == 0
    assert "LZH-J2024-0001" in again.out
    assert len(json.loads(cli("inspection", "list", "--json").out)) == 1
    assert cli(*words, "--finding", "窗户脱落；类别=校舍安全").code == 0
    assert len(json.loads(cli("inspection", "list", "--json").out)) == 2


def test_who_has_not_handed_in(cli: Cli) -> None:
    """At the end of the month: whose check is missing, who reported nothing found, who found something."""
    zero, found = "示例一镇第一小学", SCHOOL
    own = ("--method", "自查", "--via", "电话", "--note", "校长来电")
    assert cli("inspection", "new", zero, *own, "--for", zero, "--zero", "--signed-by", "校长").code == 0
    assert cli("inspection", "new", found, *own, "--for", found, "--finding", "门锁损坏；类别=安防建设").code == 0
    assert cli("inspection", "new", "示例二镇第一小学", "--finding", "门锁损坏；类别=安防建设").code == 0  # not theirs
    month = json.loads(cli("inspection", "missing", "--json", now="2024-09-30T09:00").out)
    assert (month["since"], month["until"]) == ("2024-09-01", "2024-09-30")
    assert (month["zero"], month["found"]) == ([zero], [found])
    assert {zero, found}.isdisjoint(month["missing"])
    assert "示例三镇第一小学" in month["missing"]
    told = cli("inspection", "missing", "--method", "全部", now="2024-09-30T09:00").out
    assert f"有隐患  2 个：{found}、示例二镇第一小学" in told.replace("\n        ", "")
    assert cli("inspection", "missing", "--from", "9月30日", "--to", "9月1日", now="2024-09-30T09:00").code == 2

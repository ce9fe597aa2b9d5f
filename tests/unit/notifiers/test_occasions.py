"""Every built-in occasion, with everything known and with next to nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

import pytest

from rectiflow.engine.days import left
from rectiflow.notifiers import OCCASIONS, PARAMETERS, Param, TemplateSet, builtin_templates, count_parts
from rectiflow.notifiers.parameters import RESTRICTED, RESTRICTED_PARAMETERS, fill

from .conftest import MakeContact, MakeMessage

USUAL: Mapping[str, Param] = {
    "district_name": "梁子湖区教育局",
    "number": "LZH-2024-000123",
    "workflow": "重大隐患整改",
    "unit": "太和镇中心小学",
    "place": "教学楼二楼东侧楼梯",
    "description": "疏散通道堆放课桌椅，应急照明灯损坏2盏",
    "category": "消防安全",
    "severity": "一般隐患",
    "due_on": "2024年12月31日",
    "state": "整改中",
    "action": None,
    "actor": "主要负责人",
    "actor_unit": "太和镇中心小学",
    "reason": "政府采购尚未完成",
    "note": "已电话告知",
    "clock": "整改时限",
    "until": "12月31日",
    "left": "已逾期2天",
    "days_left": 3,
    "days_overdue": 2,
    "level": "区级",
    "request": "延期",
    "decision": "批准",
    "measures": "清空通道，更换应急照明灯",
    "interim": "安排专人值守",
    "contact": "0711-2400000",
    "recipient": "太和镇中心小学校长",
    "standing_in_for": None,
    "count": 63,
    "period": "2024年11月",
    "lines": "逾期 7 条：太和镇 3 条\n未定时限 2 条",
    "next_step": "签收后五个工作日内提交整改方案",
    "control_measures": "教室停用，拉警戒线，专人值守至验收合格",
    "reported_up_to": "区应急管理局",
    "reported_up_on": "2024年9月8日",
    "asked": "申请延期至：2024年12月31日；临时管控措施：专人值守",
}
BARE: Mapping[str, Param] = {"number": "LZH-2024-000123", "recipient": "太和镇中心小学校长"}
CASES: Mapping[str, Mapping[str, Param]] = {
    "usual": USUAL,
    "bare": BARE,
    "informed": {**USUAL, "informed": "是"},
    "due today": {**USUAL, "left": "今天到期", "days_left": 0, "days_overdue": None},
    "not overdue": {**USUAL, "left": "还有3天", "days_overdue": None},
    "in hours": {**USUAL, "clock": "先行管控时限", "until": "12月31日20时30分", "left": "已超过4小时"},
    "no days": {**USUAL, "until": None, "left": None, "days_left": None, "days_overdue": None},
    "none": {**dict.fromkeys(PARAMETERS), **BARE},
    "empty": {**dict.fromkeys(PARAMETERS, ""), **BARE},
}
SIGNATURE = "【梁子湖区教育局】"

every_occasion = pytest.mark.parametrize("occasion", sorted(OCCASIONS))


@every_occasion
def test_reads_well(templates: TemplateSet, occasion: str) -> None:
    """No "None", no leftovers of a template, no doubled or dangling punctuation, the subject on one line."""
    for case, params in CASES.items():
        mail, sms = templates.mail(occasion, params), templates.sms(occasion, params)
        for text in (mail.subject, mail.text, sms):
            assert "None" not in text, case
            assert not re.search(r"[{}]|，，|。。|，。|：。|（）|“”|：：| ，| 。", text), (case, text)
        assert "\n" not in mail.subject + sms
        assert not re.search(r"[，：、]$", mail.subject), case
        assert sms.endswith("。"), case
        assert "\n\n\n" not in mail.text, case


@every_occasion
def test_sms_fits_one_part(templates: TemplateSet, occasion: str) -> None:
    """With an ordinary signature, number, unit and date a short message is one part."""
    for case, params in CASES.items():
        assert count_parts(SIGNATURE + templates.sms(occasion, params)) == 1, case


@every_occasion
def test_sms_prints_a_parameter_once(occasion: str) -> None:
    """The providers' templates allow each variable once."""
    source = (builtin_templates() / f"{occasion}.sms.txt.j2").read_text(encoding="utf-8")
    printed = Counter(re.findall(r"\{\{ *(\w+)", source))
    branches = source.count("{% else %}") + source.count("{% elif")
    assert all(times <= 1 + branches for times in printed.values()), printed


@every_occasion
def test_mail_says_what_counts(templates: TemplateSet, occasion: str) -> None:
    """The number is in the subject, the greeting and the sender in the text, and the page says what the text says."""
    mail = templates.mail(occasion, USUAL)
    if occasion in (
        "paper_served",
        "supervision_served",
        "paper_result",
        "paper_closed",
        "paper_waiting",
        "visit_reported",
        "digest",
        "steps_due",
    ):  # about many hazards
        assert "太和镇中心小学（63" in mail.subject
    elif occasion not in ("import_summary", "report_ready", "handed_over", "standing_in", "channel_test"):
        assert "LZH-2024-000123" in mail.subject
    assert mail.text.startswith("太和镇中心小学校长，您好：\n")
    assert "梁子湖区教育局\n安全股联系电话：0711-2400000\n" in mail.text
    text_of_page = re.sub(r"<br>|<[^>]+>|\s", "", mail.html)
    for line in mail.text.splitlines():
        for part in re.sub(r"^· ", "", line).split("："):
            assert re.sub(r"\s", "", part) in text_of_page, part


def test_words_of_practice(templates: TemplateSet) -> None:
    """A message is never called 通知, and 催办 is said only after the date."""
    for occasion in OCCASIONS:
        text = templates.mail(occasion, USUAL).text.replace("督办通知", "").replace("整改通知书", "")  # papers
        assert "通知" not in text, occasion
        assert ("催办" in templates.sms(occasion, USUAL)) == (occasion in ("urge", "call_task")), occasion


@pytest.mark.parametrize(
    ("occasion", "days", "told"),
    [
        ("due_soon", {"days_left": 3}, "还有3天"),
        ("due_soon", {"days_left": 0}, "今天到期"),
        ("urge", {"days_overdue": 2}, "已逾期2天"),
        ("reminder", {"days_left": 0}, "今天到期"),
        ("reminder", {"days_overdue": 5}, "整改时限已逾期5天，"),
        ("reminder", {"days_overdue": 5, "clock": "复查时限", "until": "9月5日"}, "的复查时限为9月5日，已逾期5天，"),
        ("reminder", {"days_left": 2, "clock": "复查时限"}, "的复查时限还有2天，"),
        ("reminder", {"hours_overdue": 4, "clock": "先行管控时限", "until": "9月7日0时30分"},
         "的先行管控时限为9月7日0时30分，已超过4小时，"),
        ("call_task", {"days_overdue": 4, "clock": "签收时限", "until": "9月5日"}, "（签收时限已逾期4天）"),
        ("urge", {"days_overdue": 2, "clock": "整改时限", "until": "9月5日"}, "000123已逾期2天，"),
        ("urge", {"days_overdue": 2, "clock": "方案报备时限"}, "方案报备时限已逾期2天，"),
        ("monitoring_due", {"days_left": 0, "clock": "监测时限", "until": "9月5日"}, "（监测时限9月5日，今天到期）"),
        ("control_first", {"hours_left": 2, "clock": "先行管控时限", "until": "9月7日0时30分"},
         "请于9月7日0时30分前先行管控："),
        ("reminder", {"clock": "复查时限"}, "的复查时限临近，"),
        ("request_made", {"request": "督办通知", "unit": "太和镇中心小学"}, "有督办通知申请"),
    ],
)  # fmt: skip
def test_days_are_said(templates: TemplateSet, occasion: str, days: Mapping[str, Param], told: str) -> None:
    """Zero days left is today, not nothing; the mail says the same."""
    said = {**BARE, **days, "left": left(days)}
    assert told in templates.sms(occasion, said)
    assert occasion != "reminder" or told in templates.mail(occasion, said).text


@pytest.mark.parametrize("occasion", ["reminder", "call_task", "monitoring_due", "control_first", "generic"])
def test_a_mail_gives_the_date_of_the_time_limit_it_reminds_of(templates: TemplateSet, occasion: str) -> None:
    """Beside that of the hazard, which may be months away."""
    said = {**BARE, "clock": "防范措施时限", "until": "9月18日", "left": "还有5天", "due_on": "2024年12月31日"}
    text = templates.mail(occasion, said).text
    assert "· 整改时限：2024年12月31日\n· 防范措施时限：9月18日，还有5天\n" in text
    assert occasion != "call_task" or "核实下列隐患（防范措施时限9月18日，还有5天）的办理情况" in text


@pytest.mark.parametrize(
    ("occasion", "never", "told"),
    [
        ("assigned", "请先签收|不属于本单位职责|及时签收、按期整改。回复", "请督促"),
        ("control_first", "请先行管控|落实后请?立即?报告", "请督促落实"),
        ("listed", "请抓紧整改|请责任单位", "请督促"),
        ("reassigned", "请及时签收", ""),
        ("urge", "请立即(组织)?整改|申请复查的", "督促"),
        ("due_soon", "请抓紧整改", "请督促"),
    ],
)
def test_who_is_only_informed_is_not_asked(templates: TemplateSet, occasion: str, never: str, told: str) -> None:
    """Towns and leaders are asked to see to it; what is to be done is asked of the unit."""
    params = {**USUAL, "informed": "是"}
    for text in (templates.mail(occasion, params).text, templates.sms(occasion, params)):
        assert told in text
        assert not re.search(never, text)
    assert re.search(never, templates.sms(occasion, USUAL) + templates.mail(occasion, USUAL).text)


def test_what_is_asked_for_can_be_decided_on(templates: TemplateSet) -> None:
    """The new date, the measures meanwhile, the level, and how many days it is overdue."""
    mail = templates.mail("request_made", USUAL)
    assert mail.subject.startswith("区级延期申请待审批 ")
    assert "· 申请内容：申请延期至：2024年12月31日；临时管控措施：专人值守\n" in mail.text
    assert "已超过整改时限2天，请审批。" in mail.text
    assert "延期申请（申请延期至：2024年12月31日" in templates.sms("request_made", USUAL)
    assert "（已逾期2天）" in templates.sms("request_made", {**USUAL, "asked": ""})
    assert "已超过整改时限2天" in templates.mail("listed", USUAL).text
    assert "已逾期2天" in templates.sms("listed", USUAL)


def test_a_major_hazard_reported_up_is_controlled_or_not(templates: TemplateSet) -> None:
    """To whom and when, and whether anything is left to be done."""
    done, open_ = (
        templates.mail("major_reported", USUAL).text,
        templates.mail("major_reported", {**USUAL, "control_measures": ""}).text,
    )
    assert "已于2024年9月8日上报区应急管理局，先行管控措施已落实" in done
    assert "督促" not in done
    assert "先行管控措施尚未落实，请督促立即落实" in open_
    found = templates.mail("major_reported", {**USUAL, "control_measures": "", "reported_up_to": ""}).text
    assert "存在下列重大隐患，现予上报，请及时了解情况，督促落实先行管控措施。" in found
    assert "· 先行管控措施：教室停用" in templates.mail("controlled", USUAL).text


def test_a_supervision_paper_presses_and_asks_for_no_assignment(templates: TemplateSet) -> None:
    """The days, what is demanded, and that the deadline stays: nothing of signing for it or of giving it back."""
    said = {**BARE, "unit": "太和镇中心小学", "count": 1, "days_overdue": 10, "lines": "1. 堆物（2024年9月6日前）"}
    letter = templates.mail("supervision_served", {**said, "paper": "督办通知〔2024〕1号"})
    assert letter.subject == "督办通知〔2024〕1号 太和镇中心小学（1项，已逾期10天）"
    assert "对下列隐患予以督办。\n已超过整改时限10天，请主要负责人牵头，立即组织整改。" in letter.text
    assert "报告未按期完成的原因" in letter.text
    listing = templates.mail("supervision_served", {**said, "level": "区级", "count": 3})
    assert "实行区级挂牌督办" in listing.text
    assert "逾期最长的已超过整改时限10天" in listing.text
    assert "批准摘牌后方可销号" in listing.text
    early = templates.mail("supervision_served", {**said, "days_overdue": None, "due_on": "2024年9月6日"})
    assert "整改时限为2024年9月6日（含当日），请主要负责人牵头，按期完成整改。" in early.text
    for mail in (letter, listing, early):
        assert not re.search("签收|退回", mail.text)
    assert "已逾期10天" in templates.sms("supervision_served", said)


@pytest.mark.parametrize("occasion", ["control_first", "reminder", "urge", "due_soon", "listed"])
def test_a_short_message_about_a_hazard_names_the_unit(templates: TemplateSet, occasion: str) -> None:
    """Who is told of several schools knows which one is meant."""
    assert "太和镇中心小学" in templates.sms(occasion, USUAL)


@pytest.mark.parametrize(
    ("action", "paper", "told"),
    [
        ("整改通知书拟稿", "整改通知书", "太和镇中心小学整改通知书拟稿，"),
        ("整改通知书〔2024〕1号整改报告", "整改通知书〔2024〕1号", "太和镇中心小学整改通知书〔2024〕1号整改报告，"),
        ("待签发", "整改通知书", "太和镇中心小学待签发（整改通知书），"),
    ],
)
def test_a_papers_kind_is_not_doubled(templates: TemplateSet, action: str, paper: str, told: str) -> None:
    """What is done names the paper; it stands beside it only where that does not."""
    params = {**BARE, "unit": "太和镇中心小学", "action": action, "paper": paper}
    assert told in templates.mail("paper_waiting", params).text
    assert told in templates.sms("paper_waiting", params)


def test_a_call_to_make_names_the_number(templates: TemplateSet) -> None:
    """The official telephones without looking it up."""
    text = templates.mail("call_task", {**BARE, "callee": "安全副校长（13800000031）"}).text
    assert "\n联系人：安全副校长（13800000031）\n" in text


def test_acceptance_is_called_by_its_action(templates: TemplateSet) -> None:
    """Where the definition calls re-inspection 验收, so do the messages."""
    params = {**BARE, "action": "验收不合格"}
    assert templates.mail("failed", params).subject.startswith("验收不合格 ")
    assert "复查不合格" not in templates.sms("failed", params)


def test_restricted_says_a_number_and_nothing_else(
    templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """Whatever the row holds, a restricted message holds none of it."""
    secret = {k: f"机密{k}" for k in PARAMETERS if k not in RESTRICTED_PARAMETERS}
    message = make_message(template=RESTRICTED, params={**secret, "number": "LZH-2024-000123"})
    params = fill(message, make_contact(), district_name="梁子湖区教育局")
    mail = templates.mail(RESTRICTED, params)
    assert "机密" not in mail.subject + mail.text + mail.html + templates.sms(RESTRICTED, params)
    assert "LZH-2024-000123" in mail.text
    assert "不在邮件中说明，请与安全股联系" in mail.text
    called = templates.sms(RESTRICTED, {**params, "contact": "027-60001234"})
    assert called.endswith("请与安全股联系：027-60001234。")


def test_a_multi_line_parameter_forges_nothing(
    templates: TemplateSet, make_message: MakeMessage, make_contact: MakeContact
) -> None:
    """Breaks in a description cannot pretend to be another fact of the message."""
    message = make_message(params={"description": "插座松动\n· 整改时限：2099年1月1日"})
    text = templates.mail("assigned", fill(message, make_contact(), district_name="局")).text
    assert "· 隐患描述：插座松动 · 整改时限：2099年1月1日\n" in text


def test_html_is_escaped(templates: TemplateSet) -> None:
    """Data is text in the page, never markup."""
    html = templates.mail("assigned", {**USUAL, "description": "<script>alert(1)</script>"}).html
    assert "<script>" not in html
    assert "&lt;script&gt;" in html

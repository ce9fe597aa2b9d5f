"""Loading and checking of template folders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from rectiflow.notifiers import (
    OCCASIONS,
    REPLY_MARK,
    RenderFailure,
    TemplateInvalid,
    TemplateMissing,
    TemplateProblem,
    TemplateSet,
    builtin_templates,
)
from rectiflow.notifiers.parameters import ANSWERS
from rectiflow.notifiers.wish import read_wish


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write template files."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def problems_of(folder: Path) -> tuple[TemplateProblem, ...]:
    """Load a district's folder over the built-in one and return what is wrong."""
    with pytest.raises(TemplateInvalid) as caught:
        TemplateSet.load([builtin_templates(), folder])
    return caught.value.problems


def test_builtin_templates_load(templates: TemplateSet) -> None:
    """The templates that come with the program are complete and without fault."""
    assert templates.occasions == OCCASIONS.keys()


def test_a_later_folder_overrides_file_by_file(tmp_path: Path) -> None:
    """A district's mail replaces the built-in one; its SMS stays."""
    folder = write(tmp_path / "own", {"closed.mail.txt.j2": "主题：办结 {{ number }}\n本隐患已办结。\n"})
    plain, own = TemplateSet.load([builtin_templates()]), TemplateSet.load([builtin_templates(), folder])
    assert own.mail("closed", {"number": "N-1"}).subject == "办结 N-1"
    assert own.sms("closed", {"number": "N-1"}) == plain.sms("closed", {"number": "N-1"})
    assert own.version("closed") != plain.version("closed")
    assert own.version("urge") == plain.version("urge")


def test_a_changed_frame_changes_every_version(tmp_path: Path) -> None:
    """The frame is part of the words of every occasion."""
    folder = write(tmp_path / "own", {"_frame.mail.txt.j2": "{{ recipient }}\n{{ body }}\n"})
    plain, own = TemplateSet.load([builtin_templates()]), TemplateSet.load([builtin_templates(), folder])
    assert all(own.version(o) != plain.version(o) for o in OCCASIONS)
    assert all(0 <= own.version(o) < 2**31 for o in OCCASIONS)


def test_the_mark_for_answers_is_in_every_frame(tmp_path: Path) -> None:
    """A frame of the district's own that does not know it gets it in front, once; what could not be enclosed is said."""
    own = TemplateSet.load(
        [builtin_templates(), write(tmp_path / "own", {"_frame.mail.txt.j2": "{{ recipient }}\n{{ body }}\n"})]
    )
    text = own.mail("closed", {"number": "N-1", "recipient": "校长"}, replies=True, note="附件过大").text
    assert text.startswith(f"{REPLY_MARK}\n\n校长\n")
    assert text.count(REPLY_MARK) == text.count("附件过大") == 1
    assert REPLY_MARK not in own.mail("closed", {"number": "N-1"}).text


def test_what_can_be_answered_stands_below_the_words(templates: TemplateSet) -> None:
    """Only where an answer is read, only on occasions that ask for something, on the page too; never of a restricted one."""
    for occasion in OCCASIONS:
        silent = templates.mail(occasion, {"number": "N-1"})
        asked = templates.mail(occasion, {"number": "N-1"}, replies=True)
        assert "可以直接回复本邮件" not in silent.text + silent.html
        hint = ANSWERS.get(occasion, "")
        assert asked.text.count("可以直接回复本邮件") == asked.html.count("可以直接回复本邮件") == bool(hint)
        assert hint in asked.text
    assert not {"restricted", "closed", "passed", "recalled", "request_made", "submitted"} & ANSWERS.keys()


def test_what_is_said_to_answer_is_understood() -> None:
    """Whatever stands in quotation marks, written as a line of its own, asks for what it says."""
    quoted = {words for hint in ANSWERS.values() for words in re.findall("“(.+?)”", hint)}
    read = {read_wish(words, date(2024, 9, 2)).kind for words in quoted}
    assert read == {"sign", "submit", "extend"}
    for words in quoted:
        wish = read_wish(words, date(2024, 9, 2))
        assert wish.kind != "extend" or (wish.until == date(2024, 12, 31) and "专人值守" in wish.text)


def test_an_occasions_own_page_is_used(tmp_path: Path) -> None:
    """An HTML file of an occasion replaces the page made from the text, and may build on the frame."""
    page = '{% extends "_frame.mail.html.j2" %}\n{% block content %}<h1>{{ number }}</h1>{% endblock %}\n'
    folder = write(tmp_path / "own", {"closed.mail.html.j2": page})
    html = TemplateSet.load([builtin_templates(), folder]).mail("closed", {"number": "<1>"}).html
    assert "<h1>&lt;1&gt;</h1>" in html
    assert "<table" in html


def test_a_page_does_not_outlive_an_override_of_its_text(tmp_path: Path) -> None:
    """When a later folder changes the words, an earlier folder's page with the old words is not used."""
    first = write(tmp_path / "first", {"closed.mail.html.j2": "<p>旧话</p>"})
    second = write(tmp_path / "second", {"closed.mail.txt.j2": "主题：办结\n新话。\n"})
    html = TemplateSet.load([builtin_templates(), first, second]).mail("closed", {}).html
    assert "新话" in html
    assert "旧话" not in html


def test_a_district_may_add_an_occasion(tmp_path: Path) -> None:
    """An occasion of a district's own needs a mail and an SMS, like any other."""
    files = {"visit.mail.txt.j2": "主题：约谈\n请于近日到局参加约谈。\n", "visit.sms.txt.j2": "请参加约谈。\n"}
    loaded = TemplateSet.load([builtin_templates(), write(tmp_path / "own", files)])
    assert loaded.occasions == OCCASIONS.keys() | {"visit"}
    assert loaded.sms("visit", {}) == "请参加约谈。"


def test_missing_files_are_all_named(tmp_path: Path) -> None:
    """A mistyped name shows as an occasion of which half is missing; everything missing is named at once."""
    folder = write(tmp_path / "own", {"asigned.mail.txt.j2": "主题：交办\n正文\n", "visit.sms.txt.j2": "约谈"})
    with pytest.raises(TemplateMissing) as caught:
        TemplateSet.load([builtin_templates(), folder])
    assert caught.value.missing == (
        "asigned.sms.txt.j2（自定义，没有内置的这种场合，是不是 assigned）",
        "visit.mail.txt.j2（自定义）",
    )
    assert "asigned.sms.txt.j2" in str(caught.value)


def test_nothing_loaded_names_everything(tmp_path: Path) -> None:
    """An empty folder lacks the frames and two files for every occasion."""
    with pytest.raises(TemplateMissing) as caught:
        TemplateSet.load([tmp_path])
    assert len(caught.value.missing) == 2 + 2 * len(OCCASIONS)


def test_unknown_names_are_told_with_line_and_choice(tmp_path: Path) -> None:
    """Every unknown name of every file is reported with its line, the nearest name, and all that are allowed."""
    files = {
        "urge.mail.txt.j2": "主题：催办 {{ nmber }}\n第二行\n{{ due_on }} {{ 责任人 }}\n",
        "urge.sms.txt.j2": "催办 {{ password }}",
    }
    found = problems_of(write(tmp_path / "own", files))
    assert [(Path(p.path).name, p.line) for p in found] == [
        ("urge.mail.txt.j2", 1),
        ("urge.mail.txt.j2", 3),
        ("urge.sms.txt.j2", 1),
    ]
    assert "没有名为 nmber 的内容（是不是 number？）" in found[0].message
    assert "due_on（整改时限" in found[1].message
    assert str(found[0]).startswith(f"{tmp_path}/own/urge.mail.txt.j2:1: ")


@pytest.mark.parametrize(
    ("name", "text", "line", "told"),
    [
        ("urge.sms.txt.j2", "一\n{% if number %}", 2, "语法错误：“{% if %}”没有结束，缺少“{% endif %}”"),
        ("urge.sms.txt.j2", "{{ number", 1, "语法错误：没有写完，缺少“}}”"),
        ("urge.sms.txt.j2", "{{ ‘a’ }}", 1, "语法错误：不能写“‘”：引号、括号和标点要用英文的"),
        ("urge.sms.txt.j2", "{% if %}x{% endif %}", 1, "语法错误：“%}”之前没有写内容"),
        ("urge.sms.txt.j2", "x{% endif %}", 1, "语法错误：“{% endif %}”前面没有与它成对的开头"),
        ("urge.sms.txt.j2", "{{ number unit }}", 1, "语法错误：“unit”放错了地方，这里应是“}}”"),
        ("交办.sms.txt.j2", "x", 0, "是不是 assigned.sms.txt.j2"),
        ("urge.sms.txt.j2", "{% if number is odd_one %}x{% endif %}x", 1, "没有名为 odd_one 的判断"),
        ("urge.sms.txt.j2", "\n{{ number|tojson }}", 2, "没有名为 tojson 的过滤器"),
        ("urge.sms.txt.j2", "{% if number %}{{ number|center }}{% endif %}", 1, "没有名为 center 的过滤器"),
        ("urge.sms.txt.j2", "{{ number.center(9) }}", 1, "不能调用方法"),
        ("urge.sms.txt.j2", "{{ range(9) }}x", 1, "没有名为 range 的内容"),
        ("urge.sms.txt.j2", '一\n{% include "assigned.sms.txt.j2" %}', 2, "引用的 assigned.sms.txt.j2 不存在"),
        ("urge.sms.txt.j2", "{% include number %}", 1, "必须直接写出"),
        ("urge.sms.txt.j2", "{{ days_overdue + 1 }}", 1, "试用时出错"),
        ("urge.sms.txt.j2", "{{ 9 ** 9 }}", 1, "不能用运算符 **"),
        ("urge.sms.txt.j2", "{{ number.__class__ }}", 1, "number 后面不能写 .__class__"),
        ("urge.sms.txt.j2", "{{ reason }}", 0, "没有内容"),
        ("urge.mail.txt.j2", "主题：{{ reason }}\n正文\n", 0, "主题或正文为空"),
        ("urge.mail.txt.j2", "主题：催办\n{{ reason }}\n", 0, "主题或正文为空"),
        ("urge.mail.txt.j2", "催办\n正文\n", 1, "第一行应为"),
        ("urge.mail.j2", "主题：催办\n正文\n", 0, "文件名应为"),
        ("restricted.sms.txt.j2", "请看 {{ description }}", 1, "没有名为 description 的内容"),
        ("_tail.mail.txt.j2", "{{ body }}", 1, "没有名为 body 的内容"),
        ("urge.sms.txt.j2", "长" * 70_000, 0, "超过 65536 个字符"),
    ],
)
def test_what_does_not_load(tmp_path: Path, name: str, text: str, line: int, told: str) -> None:
    """Each fault of a template is found when it is loaded, at its place."""
    found = problems_of(write(tmp_path / "own", {name: text}))
    assert (Path(found[0].path).name, found[0].line) == (name, line)
    assert told in found[0].message


_HIDDEN = "{% macro m() %}x{% endmacro %}{% set x = unit %}{% if reason == '不会有' %}\n%s{% endif %}催办"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{{ unit.format }}", "unit 后面不能写 .format：只有文字或数，写 {{ unit }}，要改样子用过滤器：default、"),
        ("{{ contact.nope }}", "contact 后面不能写 .nope"),
        ("{{ unit['format'] }}", "unit 后面不能写 […]"),
        ("{{ unit[number] }}", "unit 后面不能写 […]"),
        ("{{ days_left[0] }}", "days_left 后面不能写 […]"),
        ("{{ (unit|lower).format }}", "不能写 .format"),
        ("{{ '{}'.format }}", "不能写 .format"),
        ("{{ unit() }}", "不能调用方法"),
        ("{{ unit.upper() }}", "不能调用方法"),
        ("{{ x.upper }}", "x 后面不能写 .upper"),
        ("{{ unit|join('', 'format') }}", "join 后面只能写连接用的符号"),
        ("{{ unit|join(attribute='format') }}", "join 后面只能写连接用的符号"),
        ("{{ self }}", "没有名为 self 的内容"),
        ("{{ self.a() }}", "没有名为 self 的内容"),
        ("{{ loop.index }}", "没有名为 loop 的内容"),
        ("{% for c in unit %}{{ loop }}{% endfor %}", "loop 不能单独写，可用：loop.index、"),
        ("{% for c in unit %}{{ loop.nope }}{% endfor %}", "loop 没有 .nope，可用：loop.index、"),
        ("{% for c in unit %}{{ loop[0] }}{% endfor %}", "loop 没有 […]，可用：loop.index、"),
        ("{% for c in unit %}{{ loop.cycle }}{% endfor %}", "loop 没有 .cycle"),
        ("{% for c in unit %}{{ loop.index() }}{% endfor %}", "不能调用方法"),
        ("{% for c in unit %}{{ c.upper }}{% endfor %}", "c 后面不能写 .upper"),
        ("{{ m }}", "m 不能单独写，要用的写 m()"),
        ("{% block a %}{{ super }}{% endblock %}", "super 不能单独写"),
    ],
)
def test_what_is_not_there_is_found_behind_a_condition_too(tmp_path: Path, text: str, told: str) -> None:
    """Also what would print a piece of Python without failing; each once, at its line, with what is allowed."""
    hidden = _HIDDEN.replace("%s", text)
    (found,) = problems_of(write(tmp_path / "own", {"urge.sms.txt.j2": hidden}))
    assert (Path(found.path).name, found.line) == ("urge.sms.txt.j2", 2)
    assert told in found.message


def test_a_page_takes_its_paragraphs_apart(tmp_path: Path) -> None:
    """Facts and lines are there, and nothing else."""
    each = "{% for p in paragraphs[:1] %}{{ p.wrong }}{% if reason %}{{ p }}{% endif %}{{ p.lines|join }}{% endfor %}"
    found = problems_of(write(tmp_path / "own", {"urge.mail.html.j2": each}))
    assert [p.message for p in found] == [
        "p 没有 .wrong，可用：p.facts、p.lines",
        "p 不能单独写，可用：p.facts、p.lines",
    ]


def test_what_the_language_offers_for_text_still_loads(tmp_path: Path) -> None:
    """Loops with their counts, single characters and slices, macros, and what is included with them."""
    words = """{% macro m(x) %}“{{ x }}{{ caller() }}”{% endmacro %}{% from "_own.sms.txt.j2" import n %}
    {% for c in lines %}{{ loop.index }}{{ loop.cycle("、", "，") }}{% if not loop.last %}{{ loop.nextitem }}{% endif %}
    {% endfor %}{{ number[:3] }}{{ number[0] }}{{ number[-1] }}{% call m(number) %}{{ n(number) }}{% endcall %}催办"""
    files = {"urge.sms.txt.j2": words, "_own.sms.txt.j2": "{% macro n(x) %}<{{ x }}>{% endmacro %}"}
    made = TemplateSet.load([builtin_templates(), write(tmp_path / "own", files)])
    assert made.sms("urge", {"number": "N-1", "lines": "甲乙"}) == "1、乙2，N-1N1“N-1<N-1>”催办"


def test_only_what_the_occasion_speaks_of_is_offered(tmp_path: Path) -> None:
    """Not the whole dictionary: an urging knows nothing of inspections' lists."""
    (found,) = problems_of(write(tmp_path / "own", {"urge.sms.txt.j2": "{{ nmber }}"}))
    assert "due_on（整改时限" in found.message
    assert "lines（" not in found.message


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    """Wrong encoding, a missing folder, a missing file and an unknown name are told together."""
    folder = write(tmp_path / "own", {"urge.sms.txt.j2": "{{ nmber }}", "visit.sms.txt.j2": "约谈"})
    (folder / "closed.sms.txt.j2").write_bytes("已销号".encode("gb18030"))
    (folder / "passed.sms.txt.j2").mkdir()
    with pytest.raises(TemplateInvalid) as caught:
        TemplateSet.load([builtin_templates(), folder, tmp_path / "none"])
    told = str(caught.value)
    assert "5 处错误" in told
    assert "另存为 UTF-8" in told
    assert "读不了文件" in told
    assert "没有这个模板文件夹" in told
    assert "visit.mail.txt.j2（自定义）: 缺少文件" in told


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"assigned.sms.txt.j2": "{{ foo", "urge.sms.txt.j2": "本区催办{{ number }}"}, "语法错误"),
        ({"jiaoban.mail.txt.j2": "主题：交办\n正文\n", "urge.sms.txt.j2": "本区催办{{ number }}"}, "缺少文件"),
        ({"交办.mail.txt.j2": "主题：交办\n正文\n", "urge.sms.txt.j2": "本区催办{{ number }}"}, "文件名应为"),
        ({"_frame.mail.txt.j2": "{{ nobody }}", "urge.sms.txt.j2": "本区催办{{ number }}"}, "没有名为 nobody"),
        ({"_facts.mail.txt.j2": "x", "urge.sms.txt.j2": "本区催办{{ number }}"}, ""),
    ],
)
def test_own_files_with_a_fault_are_set_aside(
    tmp_path: Path, templates: TemplateSet, files: Mapping[str, str], told: str
) -> None:
    """The built-in words of that occasion stand in; the others of the district stay."""
    made, problems = TemplateSet.load_sound(builtin_templates(), write(tmp_path / "own", files))
    assert made.sms("urge", {"number": "N-1"}) == "本区催办N-1"
    assert made.sms("assigned", {"number": "N-1"}) == templates.sms("assigned", {"number": "N-1"})
    assert made.occasions == templates.occasions
    assert bool(problems) == bool(told)
    assert all(told in p.message for p in problems)


def test_what_is_wrong_only_in_use_is_set_aside_too(tmp_path: Path, templates: TemplateSet) -> None:
    """Faults of every round are told together; a mail goes with its short message."""
    folder = write(
        tmp_path / "own",
        {
            "assigned.sms.txt.j2": "{{ foo",
            "assigned.mail.txt.j2": "主题：本区交办\n正文\n",
            "urge.sms.txt.j2": "{{ days_overdue + 1 }}",
        },
    )
    made, problems = TemplateSet.load_sound(builtin_templates(), folder)
    assert [(Path(p.path).name, p.line) for p in problems] == [("assigned.sms.txt.j2", 1), ("urge.sms.txt.j2", 1)]
    for occasion in ("assigned", "urge"):
        assert made.mail(occasion, {"number": "N-1"}) == templates.mail(occasion, {"number": "N-1"})


FRAME_IN = '主题：交办\n{% include "_frame.mail.txt.j2" %}\n'


@pytest.mark.parametrize(
    ("name", "text", "line", "told"),
    [
        ("assigned.mail.txt.j2", FRAME_IN, 2, "不能引用 _frame.mail.txt.j2"),
        (
            "assigned.mail.txt.j2",
            '主题：交办\n{% extends "_frame.mail.html.j2" %}\n',
            2,
            "不能引用 _frame.mail.html.j2",
        ),
        ("assigned.mail.txt.j2", "主题：交办\n正文{% if number %}\n{{ unit + 1 }}{% endif %}\n", 3, "试用时出错"),
        (
            "assigned.mail.html.j2",
            '<p>1</p>\n{% extends "_frame.mail.html.j2" %}{% set paragraphs = 1 %}',
            2,
            "试用时出错",
        ),
        ("_frame.mail.txt.j2", '{{ body }}\n{% include "_frame.mail.txt.j2" %}', 2, "不能引用 _frame.mail.txt.j2"),
        ("_facts.mail.txt.j2", '一\n{% include "_facts.mail.txt.j2" %}', 2, "试用时出错"),
        ("assigned.sms.txt.j2", "{% block a %}x{% endblock %}\n{% block a %}x{% endblock %}", 2, "语法错误"),
        ("assigned.sms.txt.j2", "一\n{{ " + "(" * 9_000 + "1" + ")" * 9_000 + " }}", 0, "写得太复杂"),
        ("assigned.sms.txt.j2", "一\n{{ " + "9" * 5_000 + " }}", 0, "写得太复杂"),
    ],
)
def test_a_fault_of_the_district_is_booked_on_its_own_file(
    tmp_path: Path, templates: TemplateSet, name: str, text: str, line: int, told: str
) -> None:
    """Also where it shows in a built-in file: the built-in words stand in, and the others of the district stay."""
    folder = write(tmp_path / "own", {name: text, "urge.sms.txt.j2": "本区催办{{ number }}"})
    made, problems = TemplateSet.load_sound(builtin_templates(), folder)
    assert (Path(problems[0].path), problems[0].line) == (folder / name, line)
    assert told in problems[0].message
    assert made.mail("assigned", {"number": "N-1"}) == templates.mail("assigned", {"number": "N-1"})
    assert made.sms("urge", {"number": "N-1"}) == "本区催办N-1"


def test_the_frames_are_not_offered_for_including(tmp_path: Path) -> None:
    """What a template may refer to is named without them; a page may be built on the page's frame."""
    (found,) = problems_of(write(tmp_path / "own", {"urge.sms.txt.j2": '{% include "_nothing.txt.j2" %}'}))
    assert found.message.endswith("可引用：_facts.mail.txt.j2")
    (found,) = problems_of(write(tmp_path / "pages", {"urge.mail.html.j2": '{% include "_nothing.txt.j2" %}'}))
    assert found.message.endswith("可引用：_facts.mail.txt.j2、_frame.mail.html.j2")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("assigned.mail.txt", "assigned.mail.txt.j2"),
        ("assigned.mail.txt.j2.txt", "assigned.mail.txt.j2"),
        ("Assigned.Mail.TXT.J2", "assigned.mail.txt.j2"),
        ("assigned.sms.j2.txt", "assigned.sms.txt.j2"),
        ("交办.sms.txt", "assigned.sms.txt.j2"),
        ("asigned.sms.txt", "assigned.sms.txt.j2"),
        ("assigned.txt", "assigned.mail.txt.j2 或 assigned.sms.txt.j2"),
        ("_frame.mail.html", "_frame.mail.html.j2"),
        ("holiday.mail.txt", "holiday.mail.txt.j2"),
    ],
)
def test_a_file_that_is_not_read_for_its_name_is_told(
    tmp_path: Path, templates: TemplateSet, name: str, meant: str
) -> None:
    """With the name it should have; it sets nothing aside, and the good files stay."""
    folder = write(tmp_path / "own", {name: "主题：本区\n正文", "urge.sms.txt.j2": "本区催办{{ number }}"})
    made, problems = TemplateSet.load_sound(builtin_templates(), folder)
    assert [(p.path, p.message) for p in problems] == [(str(folder / name), f"文件名不对，没有用上，应为 {meant}")]
    assert made.sms("urge", {"number": "N-1"}) == "本区催办N-1"
    assert made.mail("assigned", {}) == templates.mail("assigned", {})
    assert problems_of(folder) == problems


def test_other_files_may_lie_beside_the_templates(tmp_path: Path) -> None:
    """Notes, backups and what editors leave are no templates, and are left alone."""
    others = ("说明.txt", "README.md", "assigned.mail.txt.j2~", "assigned.mail.txt.j2.bak", ".assigned.mail.txt.j2.swp")
    folder = write(tmp_path / "own", dict.fromkeys(others, "x"))
    (folder / "assigned").mkdir()
    assert TemplateSet.load_sound(builtin_templates(), folder)[1] == ()


def test_a_folder_that_cannot_be_read_is_set_aside_whole(tmp_path: Path, templates: TemplateSet) -> None:
    """The built-in words go out, and it is told: deadlines and sending never wait for templates."""
    made, problems = TemplateSet.load_sound(builtin_templates(), tmp_path / "none")
    assert made.sms("urge", {"number": "N-1"}) == templates.sms("urge", {"number": "N-1"})
    assert [p.message for p in problems] == ["没有这个模板文件夹，请核对设置"]


def test_text_with_a_byte_order_mark_and_crlf_loads(tmp_path: Path) -> None:
    """Files saved by a Windows editor are read as they are meant."""
    (tmp_path / "closed.mail.txt.j2").write_bytes("\ufeff主题：办结\r\n已办结。\r\n".encode())
    mail = TemplateSet.load([builtin_templates(), tmp_path]).mail("closed", {})
    assert (mail.subject, "已办结。\n" in mail.text) == ("办结", True)


def test_an_unknown_occasion_is_a_render_failure(templates: TemplateSet) -> None:
    """A message that names no template cannot be rendered; the missing files are named."""
    for ask in (templates.mail, templates.sms):
        with pytest.raises(RenderFailure, match=r"没有名为 nothing 的消息模板，请补上 nothing\.mail\.txt\.j2"):
            ask("nothing", {})
    with pytest.raises(RenderFailure):
        templates.version("nothing")


def test_a_failure_while_rendering_names_file_and_line(tmp_path: Path) -> None:
    """What only fails on some parameters fails as RenderFailure with the place."""
    folder = write(tmp_path, {"urge.sms.txt.j2": "催办\n{% if note == 'x' %}{{ note + 1 }}{% endif %}"})
    loaded = TemplateSet.load([builtin_templates(), folder])
    with pytest.raises(RenderFailure) as caught:
        loaded.sms("urge", {"note": "x"})
    assert (Path(caught.value.path).name, caught.value.line) == ("urge.sms.txt.j2", 2)


def test_rendered_size_is_bounded(templates: TemplateSet) -> None:
    """A parameter of enormous length does not become an enormous mail."""
    with pytest.raises(RenderFailure, match="超过 200000 个字符"):
        templates.mail("import_summary", {"lines": "长" * 200_001})

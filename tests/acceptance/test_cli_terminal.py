"""At a terminal: what is missing is asked for, and the day's list leads to the doing."""

from __future__ import annotations

import codecs
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = (sys.executable, "-m", "rectiflow", "--now", "2024-09-05T09:00", "--as")
PATIENCE = 30  #: seconds to wait for what should appear


class Terminal:
    """A person at a terminal of 80 columns: waits for words, types answers."""

    def __init__(self, master: int) -> None:
        self.master = master
        self.decode = codecs.getincrementaldecoder("utf-8")().decode
        self.seen = ""
        self.read_until = 0

    def wait(self, words: str) -> str:
        """Read until the words appear behind what was read before; return what stands in between."""
        deadline = time.monotonic() + PATIENCE
        while words not in self.seen[self.read_until :]:
            if time.monotonic() > deadline or not self._read():
                raise AssertionError(f"“{words}” did not appear in:\n{self.seen[self.read_until :]}")
        end = self.seen.index(words, self.read_until) + len(words)
        between, self.read_until = self.seen[self.read_until : end], end
        return between

    def type(self, answer: str) -> None:
        """Type a line."""
        os.write(self.master, f"{answer}\n".encode())

    def _read(self) -> bool:
        ready, _, _ = select.select([self.master], [], [], PATIENCE)
        try:
            part = os.read(self.master, 4096) if ready else b""
        except OSError:  # the other side has closed
            part = b""
        self.seen += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\r", "", self.decode(part))
        return bool(part)


@contextmanager
def terminal(folder: Path, *words: str, by: str = "安全股股长", code: int = 0, now: str = "") -> Generator[Terminal]:
    """Run the command line behind a pseudo-terminal; it has to end with the exit code."""
    master, slave = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "TERM": "dumb", "PYTHONUTF8": "1"}
    process = subprocess.Popen(
        [*PROGRAM[:4], now or PROGRAM[4], "--as", by, *words],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=folder,
        env=environment,
    )
    os.close(slave)
    try:
        yield Terminal(master)
        assert process.wait(timeout=PATIENCE) == code
    finally:
        process.kill()
        process.wait()
        os.close(master)


def test_missing_fields_are_asked_for(workplace: Path) -> None:
    """Choices are numbered, dates read in Chinese, what does not fit is asked again."""
    with terminal(workplace, "ticket", "do", "1", "交办") as at:
        at.wait("整改责任人（序号，或直接写）：")
        at.type("2")
        at.wait("整改时限（如 12月31日）：")
        at.type("9月31日")
        at.wait("没有这一天")
        at.type("9月18日")
        done = at.wait("整改时限 2024-09-18")
    assert "交办：待交办 → 待签收" in done


def test_a_new_hazard_from_prompts(workplace: Path) -> None:
    """A report is built from questions: source, date, category with its parts, text; unit and place may stay open."""
    with terminal(workplace, "ticket", "new") as at:
        for prompt, answer in (
            ("来源（序号）：", "3"),
            ("排查日期", "9月5日"),
            ("类别（序号，回车放弃）：", "1"),
            ("细分（序号，回车不细分）：", "4"),
            ("隐患描述：", "二楼灭火器过期"),
            ("责任单位", "没有这所学校"),
            ("没有单位", "示例一镇希望小学"),
            ("隐患部位：", ""),
        ):
            at.wait(prompt)
            at.type(answer)
        assert "LZH-2024-000007  上报：待交办" in at.wait("交办时限")


def test_giving_up_is_a_refusal(workplace: Path) -> None:
    """Enter instead of an answer ends the questions, and the refusal names all that is missing."""
    with terminal(workplace, "ticket", "do", "1", "交办", code=1) as at:
        at.wait("整改责任人")
        at.type("")
        assert "缺“整改责任人”" in at.wait("缺“整改时限”")


def test_the_day_leads_to_the_doing(workplace: Path) -> None:
    """The bare command: a number opens the hazard, another one begins the step, Enter agrees, q leaves."""
    with terminal(workplace) as at:
        assert "待签收（1）" in at.wait("序号查看，w 看一周，q 离开：")
        at.type("1")
        screen = at.wait("序号办理，回车返回：")
        assert "LZH-2024-000001  待交办" in screen
        assert "可办     1  交办（要：整改责任人、整改时限）" in screen
        at.type("1")
        at.wait("整改责任人")
        at.type("2")
        at.wait("整改时限（如 12月31日）：")
        at.type("9月18日")
        assert "待交办 → 待签收" in at.wait("就这样办吗？（回车＝是，n＝否）：")
        at.type("")
        at.wait("办好了。")
        assert "待签收（2）" in at.wait("q 离开：")
        at.type("q")


def test_a_call_is_made_and_its_answer_entered(workplace: Path) -> None:
    """A call to make shows whom and what to say; the answer is entered for who was called, by telephone."""
    ticked = [*PROGRAM, "安全股股长", "tick", "--no-send"]
    subprocess.run(ticked, cwd=workplace, check=True, capture_output=True, timeout=60)
    with terminal(workplace) as at:
        listed = at.wait("q 离开：")
        position = re.search(r"(\d+)  LZH-2024-000002 .*签收时限", listed)
        assert position is not None
        at.type(position[1])
        screen = at.wait("序号办理，回车返回：")
        assert "打给  示例一镇初级中学安全副校长  13800000029" in screen
        assert "1  代录答复：签收（示例一镇初级中学安全副校长，电话）" in screen
        at.type("1")
        at.wait("通话要点：")
        at.type("已收到，马上整改")
        at.wait("就这样办吗？")
        at.type("")
        at.wait("办好了。")
        assert "待打电话" not in at.wait("q 离开：")
        at.type("q")


def test_one_call_about_several_hazards(workplace: Path) -> None:
    """The list has one entry for the call; the answer is entered for both, or one of them is opened."""
    at_nine = [*PROGRAM, "安全股股长"]
    found = ("来源=局检查", "排查日期=9月2日", "类别=消防安全", "隐患描述=标志不亮", "责任单位=示例一镇初级中学")
    assign = ("ticket", "do", "7", "交办", "整改责任人=示例一镇初级中学安全副校长", "整改时限=9月20日")
    for words in (("ticket", "new", *found), assign):
        early = ["2024-09-02T09:00" if w.startswith("2024-") else w for w in at_nine]
        subprocess.run([*early, *words], cwd=workplace, check=True, capture_output=True, timeout=60)
    subprocess.run([*at_nine, "tick", "--no-send"], cwd=workplace, check=True, capture_output=True, timeout=60)
    with terminal(workplace) as at:
        position = re.search(r"(\d+)  LZH-2024-000002 .*签收时限（2", at.wait("q 离开："))
        assert position is not None
        at.type(position[1])
        screen = at.wait("序号办理，回车返回：")
        assert "有 2 条隐患签收时限已到" in screen
        assert "1  代录答复：签收（示例一镇初级中学安全副校长，电话，全部 2 条）" in screen
        assert "5  只办 LZH-2024-000007 标志不亮" in screen
        at.type("1")
        at.wait("通话要点：")
        at.type("都收到了")
        assert "办成 2 条" in at.wait("q 离开：")
        at.type("q")


def test_a_leader_decides_and_signs_from_the_list(workplace: Path) -> None:
    """A leader's list leads to the approval of a listing and then to signing its notice."""
    late = [*PROGRAM[:4], "2024-10-08T09:05", "--as"]
    subprocess.run(
        [*late, "安全股股长", "tick", "--no-send"], cwd=workplace, check=True, capture_output=True, timeout=60
    )
    with terminal(workplace, by="区校安委会负责人", now="2024-10-08T09:05") as at:
        listed = at.wait("q 离开：")
        position = re.search(r"(\d+)  LZH-2024-000003 .*挂牌督办", listed)
        assert position is not None
        for prompt, answer in (
            ("", position[1]),
            ("1  批准挂牌督办（区级）", "1"),
            ("就这样办吗？", ""),
        ):
            at.wait(prompt)
            at.type(answer)
        at.wait("待签发（1）")
        position = re.search(r"(\d+)  W1 ", at.wait("q 离开："))
        assert position is not None
        for prompt, answer in (
            ("", position[1]),
            ("签发吗？", ""),
            ("挂牌督办通知书〔2024〕1号", ""),
            ("q 离开：", "q"),
        ):
            at.wait(prompt)
            at.type(answer)


def test_a_correction_is_shown_before_it_is_done(workplace: Path) -> None:
    """Who will be told and what changes stands on the screen first; no leaves everything as it is."""
    words = ("ticket", "amend", "3", "隐患部位=食堂", "--reason", "写错")
    with terminal(workplace, *words) as at:
        at.wait("就这样办吗？")
        at.type("n")
        at.wait("没有办理。")
    told = subprocess.run(
        [*PROGRAM, "安全股股长", "ticket", "history", "3"], cwd=workplace, check=True, capture_output=True, timeout=60
    ).stdout.decode()
    assert "更正" not in told
    with terminal(workplace, *words) as at:
        at.wait("就这样办吗？")
        at.type("")
        at.wait("更正")

"""Nothing that a command says is wider than a terminal of 80 columns."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

from rich.cells import cell_len

HEAD = ("--now", "2024-09-05T09:00", "--as", "安全股股长")
MARK = "\x1e"  #: stands before each command's output
#: Runs command lines, one a line of the standard input of its file, behind one terminal.
DRIVER = """
import io, shlex, sys
from rectiflow.cli import main

class Nobody(io.StringIO):
    def isatty(self):
        return True  # whoever is asked sits at a terminal, and goes away

for line in open(sys.argv[1], encoding="utf-8").read().splitlines():
    print(chr(0x1e) + line, flush=True)
    sys.stdin = Nobody()
    sys.argv = ["rectiflow", *shlex.split(line)]
    try:
        main()
    except SystemExit:
        pass
"""
COMMANDS = """
ticket list
ticket list --columns 编号,责任单位,环节,整改时限,轮到,隐患描述
ticket show 1
ticket show 3
ticket show 5
ticket history 5
ticket actions 5
ticket do 1 交办 整改责任人=示例一镇初级中学安全副校长 整改时限=9月20日 --dry-run
ticket do 2 销号
ticket do 2,3 无此操作
ticket remark 3 --note "配件周五到货，其间安排专人值守，安全出口每天早晚各开一次，夜间由值班领导检查并登记；照片下周一补。" --yes
ticket show 3
ticket history 3
ticket remark 3
ticket amend 3 隐患部位=食堂 --reason 写错 --dry-run
ticket void 3 --dry-run
ticket undo 1
request new 3 延期 申请延期至=12月31日 理由=等待招标 临时管控措施=专人值守 --for 示例一镇第一小学 --via 纸质
request list
request approve 3 --dry-run
today --week
tick --no-send
call list
call done 2 --no-answer --dry-run
notice draft 1 整改时限=9月20日 整改责任人=示例一镇初级中学安全副校长
notice list
notice show W1
notice sign-off W1
notice sign-off W9
notice print W1
notice template 整改通知书
inspection new 示例一镇第一小学 --finding "二楼通道堆物；部位=教学楼；类别=消防安全" --yes
inspection list
inspection show J1
inspection missing
inspection form
inspection import people.xlsx --dry-run
ledger export 台账.xlsx
ledger export 台账.xlsx
ledger import people.xlsx --dry-run
ledger apply 台账.xlsx --dry-run
ledger rollover --year 2025
unit list
unit import people.xlsx
unit import 没有.xlsx
person list
person reach
person reach 示例一镇第一小学校长 --phone abc --email xyz --prefer 飞鸽
person reach 示例一镇第一小学校长 --phone 13911112222 --email a-rather-long-name.of.somebody@mail.school.example.edu.cn
person absent
person absent 示例一镇第一小学校长 --from 9月20日 --to 9月24日 --deputy 示例一镇第一小学安全副校长 --dry-run
person handover 示例一镇第一小学校长 王新 --from 9月18日 --phone 13911113333 --dry-run
outbox list
outbox list --status 没有
outbox show 无此
outbox send
outbox retry
incident list
incident rearm
inbox list
inbox receive 信.eml
inbox list
inbox list --all
inbox sms 13911112222 签收
inbox sms abc 1
inbox fetch
inbox done 1 2 没有
inbox show 无此
inbox callback 无此 receipts 信.eml
template list
template show 交办
template preview 交办
template preview 整改通知书送达
template check
template show 无此
workflow list
workflow show hazard
workflow test
audit verify
doctor
health
report 月报 --period 2024-09
report 月报 --period 2024-08
init 另一个 --rehearsal
init 正式
无此命令
today --as 校长
ticket do
"""
#: What is shown as it is: paths, and what others wrote.
AS_IT_IS = re.compile(r"/\S+")


def screens(folder: Path, commands: str) -> list[tuple[str, list[str]]]:
    """Run commands behind a terminal of 80 columns; return each with the lines it printed."""
    driver, lines = folder / "driver.py", folder / "commands.txt"
    driver.write_text(DRIVER, "utf-8")
    lines.write_text(commands, "utf-8")
    master, slave = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "TERM": "dumb", "PYTHONUTF8": "1"}
    process = subprocess.Popen(
        [sys.executable, str(driver), str(lines)], stdin=slave, stdout=slave, stderr=slave, cwd=folder, env=environment
    )
    os.close(slave)
    said = b""
    try:
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:  # the other side has closed
                break
            if not part:
                break
            said += part
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.wait()
        os.close(master)
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\r", "", said.decode())
    found = [part.partition("\n") for part in text.split(MARK)[1:]]
    return [(command, printed.splitlines()) for command, _, printed in found]


def test_no_line_is_wider_than_the_terminal(workplace: Path) -> None:
    """Lists, screens, refusals and help pages of every group of commands; paths are never broken."""
    (workplace / "信.eml").write_bytes(
        b"From: a-rather-long-name.of.somebody@mail.school.example.edu.cn\r\nTo: safety@bureau.example\r\n"
        b"Subject: =?utf-8?B?"
        + b"5L2g5aW9" * 12
        + b"?=\r\nMessage-ID: <1@b.example>\r\n\r\n"
        + b"hello " * 60
        + b"\r\n"
    )
    given = COMMANDS.strip().splitlines()
    asked = [" ".join((*HEAD, line)) if not line.startswith("init") else line for line in given]
    names = dict.fromkeys(line.split()[0] for line in given if not line.startswith(("无此", "init")))
    pages = [f"{' '.join(words)} --help" for words in _pages(names)]
    shown = screens(workplace, "\n".join([*asked, "--help", *pages]))
    assert len(shown) == len(asked) + 1 + len(pages)
    assert all(lines for _, lines in shown)
    wide = [
        f"{cell_len(line)} | {command} | {line}"
        for command, lines in shown
        for line in lines
        if cell_len(line) > 80 and not AS_IT_IS.search(line)
    ]
    assert not wide, "\n".join(wide)


def test_what_the_library_logs_is_no_wider(workplace: Path) -> None:
    """A mail server that is away: the warning goes on below like any other, and holds the whole reason."""
    config = workplace / "rectiflow.toml"
    config.write_text(
        'db = "sqlite:///rectiflow.db"\ndistrict = "420702"\n[mail]\nhost = "127.0.0.1"\nport = 9\nsecurity = "none"\n'
        'sender = "a@b.example"\nsender_name = "某区教育局"\n',
        "utf-8",
    )
    ((_, shown),) = screens(workplace, " ".join((*HEAD, "outbox send --anyway")))
    assert "连接不上邮件服务器127.0.0.1:9（连接被拒绝" in "".join(shown).replace(" ", "")
    assert len(shown) > 2
    assert not [line for line in shown if cell_len(line) > 80]


def _pages(names: dict[str, None]) -> list[tuple[str, ...]]:
    """Return every command and subcommand whose help page there is."""
    import typer

    from rectiflow.cli import app

    root = typer.main.get_command(app)
    found: list[tuple[str, ...]] = []
    for name, command in getattr(root, "commands", {}).items():
        found.append((name,))
        found += [(name, child) for child in getattr(command, "commands", {})]
    assert names.keys() <= {words[0] for words in found}
    return found

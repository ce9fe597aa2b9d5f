"""What lies in deploy/ can be used: the compose file is YAML that fits together, the commands exist, passwords arrive."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from rectiflow._tally import COUNTED
from support.workplaces import rectiflow_process

DEPLOY = Path(__file__).parents[1] / "deploy"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """Return the compose file as a program reads it."""
    return dict(YAML(typ="safe").load(DEPLOY / "compose.yaml"))


def test_the_compose_file_fits_together(compose: dict[str, Any]) -> None:
    """Every secret, volume and service that is named is there; the workers wait for the database and its schema."""
    services = compose["services"]
    assert set(services) == {"db", "setup", "worker"}
    for service in services.values():
        assert set(service.get("secrets", ())) <= set(compose["secrets"])
        assert set(service.get("depends_on", ())) <= set(services)
        assert {v.split(":")[0] for v in service["volumes"]} <= set(compose["volumes"])
    assert services["worker"]["environment"]["RECTIFLOW_DB"] == services["setup"]["environment"]["RECTIFLOW_DB"]
    assert services["worker"]["healthcheck"]["test"][1:] == ["/usr/local/bin/rectiflow", "health", "--here"]
    assert "password" not in str(services["worker"]["environment"]).lower()
    assert (DEPLOY / services["worker"]["build"]["context"] / services["worker"]["build"]["dockerfile"]).is_file()


def test_the_commands_exist(compose: dict[str, Any], tmp_path: Path) -> None:
    """The words with which containers and the unit call the command line are understood."""
    setup = [word if not word.startswith("${") else "AB" for word in compose["services"]["setup"]["command"]]
    for words in (setup, compose["services"]["worker"]["command"], ["health", "--here"]):
        with rectiflow_process(tmp_path, [*words, "--help"]) as process:
            out, _ = process.communicate(timeout=60)
        assert (process.returncode, f"用法：rectiflow {words[0]}" in out) == (0, True)
        for option in (w for w in words if w.startswith("--")):
            assert option in out


def test_passwords_come_from_files(tmp_path: Path) -> None:
    """The entry of the image hands mounted passwords on; what stands in the environment wins; what is not there is nothing."""
    (tmp_path / "db_password").write_text("s3 'cr\"et\n", "utf-8")
    (tmp_path / "mail_password").write_text("mail\n", "utf-8")
    script = (DEPLOY / "entrypoint.sh").read_text("utf-8").replace("/run/secrets", str(tmp_path))
    script = script.replace(
        '/opt/rectiflow/bin/rectiflow "$@"', 'printf "%s|%s|%s" "$PGPASSWORD" "$RECTIFLOW_MAIL__PASSWORD" "$*"'
    )
    script = script.replace("exec printf", "printf")
    environment = {"PATH": os.environ["PATH"], "RECTIFLOW_MAIL__PASSWORD": "given"}
    done = subprocess.run(
        ["sh", "-c", script, "sh", "run", "--json-log"], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout == "s3 'cr\"et|given|run --json-log"


def test_the_readme_names_what_is_counted() -> None:
    """Every counter is named where an administrator looks for it."""
    text = (DEPLOY / "README.md").read_text("utf-8")
    assert all(f"_{name}_total" in text for name in (*COUNTED, "beats"))


def test_both_readmes_show_the_same_commands() -> None:
    """What is typed in is the same in both languages, but for where the program is installed from and a remark behind it."""
    english, chinese = ((DEPLOY / name).read_text("utf-8") for name in ("README.md", "README.zh-CN.md"))
    for word in (
        "useradd",
        "runuser",
        "openssl",
        "mkdir",
        "chmod",
        "journalctl",
        "export RECTIFLOW_DISTRICT",
        "docker compose",
    ):
        (said, *_), (meant, *_) = (
            [line.split("  #")[0].strip() for line in text.splitlines() if line.startswith(f"    {word}")]
            for text in (english, chinese)
        )
        assert said == meant

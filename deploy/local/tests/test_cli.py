"""What the command `kehu` prints."""

import os
import signal
import subprocess
import sys

import jwt
import pytest
from typer.testing import CliRunner

from kehu_contracts.access import ROLES
from kehu_local import cli
from kehu_local.config import LocalConfig
from kehu_local.supervisor import Supervisor


def kehu(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a person would."""
    return subprocess.run(
        [sys.executable, "-m", "kehu_local", *arguments],
        capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip


pytestmark = pytest.mark.usefixtures("environment")


def test_status_and_down_without_anything_running() -> None:
    assert kehu("status").stdout == "Nothing is running. Start with: make up\n"
    done = kehu("down")
    assert (done.returncode, done.stdout) == (0, "Nothing was running.\n")


def test_token_prints_an_administrators_token_and_nothing_else(environment: LocalConfig) -> None:
    done = kehu("token")
    assert done.stderr == ""
    token, *rest = done.stdout.split("\n")
    assert rest == [""]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["tenant"], claims["roles"]) == ("demo", ["administrator"])
    assert claims["iss"] == environment.issuer_url


def test_token_takes_tenant_roles_subject_and_duration() -> None:
    done = kehu(
        "token", "--tenant", "acme", "--role", "analyst", "--role", "marketer",
        "--subject", "han", "--ttl", "5",
    )  # fmt: skip
    claims = jwt.decode(done.stdout.strip(), options={"verify_signature": False})
    assert (claims["tenant"], claims["sub"]) == ("acme", "han")
    assert claims["roles"] == ["analyst", "marketer"]
    assert claims["exp"] - claims["iat"] == 5


def test_an_unknown_role_is_refused_with_the_known_ones() -> None:
    done = kehu("token", "--role", "emperor")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "No such role: emperor" in done.stderr
    assert "administrator" in done.stderr


def test_the_help_of_token_lists_the_roles() -> None:
    told = " ".join(kehu("token", "--help").stdout.replace("│", " ").split())
    assert [role for role in ROLES if role not in told] == []


@pytest.mark.parametrize(
    ("arguments", "given", "seconds"),
    [([], None, 300.0), ([], "450", 450.0), (["--timeout", "7"], "450", 7.0)],
    ids=["by-default", "by-environment", "by-option"],
)
def test_up_waits_as_long_as_it_is_told(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], given: str | None, seconds: float
) -> None:
    monkeypatch.delenv("KEHU_READY_SECONDS")
    if given is not None:
        monkeypatch.setenv("KEHU_READY_SECONDS", given)
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # the tests keep theirs
    configured: list[LocalConfig] = []

    class Ready(Supervisor):
        def up(self, *, apache: bool = False) -> list[str]:
            configured.append(self._config)
            return []

    monkeypatch.setattr(cli, "Supervisor", Ready)
    assert CliRunner().invoke(cli.app, ["up", *arguments]).exit_code == 0
    assert [one.ready_seconds for one in configured] == [seconds]


def test_a_wait_that_is_no_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEHU_READY_SECONDS", "long")
    done = kehu("status")
    assert (done.returncode, done.stdout) == (1, "")
    assert "KEHU_READY_SECONDS is 'long'" in done.stderr


def test_the_demo_and_the_logs_need_a_system() -> None:
    done = kehu("demo")
    assert done.returncode == 1
    assert "make up" in done.stderr
    done = kehu("logs")
    assert done.returncode == 1
    assert "make up" in done.stderr


def test_logs_shows_the_end_of_one_log_and_knows_the_others(environment: LocalConfig) -> None:
    environment.logs.mkdir(parents=True)
    (environment.logs / "sales.log").write_text("one\ntwo [bold]\nthree\n")
    assert kehu("logs", "sales", "-n", "2").stdout == "two [bold]\nthree\n"
    done = kehu("logs", "billing")
    assert done.returncode == 1
    assert "There are logs of: sales" in done.stderr

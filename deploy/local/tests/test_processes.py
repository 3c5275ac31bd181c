"""Processes are found again by their notes, and nobody else's process is ever touched."""

import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from kehu_local.processes import Notes, Running, spawn

SLEEPER = "import time; time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); "
HEADLESS = """
import ctypes, threading, time
def linger():
    time.sleep(0.1)
    print("headless", flush=True)
    time.sleep(60)
threading.Thread(target=linger).start()
ctypes.CDLL(None).syscall(EXIT, 0)
"""
"""A process whose first thread ends at once, by the system call that ends one thread."""
EXIT = {"x86_64": "60", "aarch64": "93"}[platform.machine()]


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Running]:
    running = spawn("sleeper", [sys.executable, "-c", SLEEPER], port=1, log=tmp_path / "log")
    yield running
    running.kill()


def test_a_spawned_process_stops_when_asked(sleeper: Running) -> None:
    assert sleeper.alive()
    sleeper.stop()
    assert not sleeper.alive()
    assert not psutil.pid_exists(sleeper.pid)
    sleeper.stop()  # a second time does nothing


def test_a_process_that_has_another_ones_number_is_never_stopped(sleeper: Running) -> None:
    reused = replace(sleeper, created=sleeper.created - 3600)
    assert not reused.alive()
    reused.stop()
    reused.kill()
    assert reused.memory() == 0
    assert sleeper.alive()


def test_a_process_that_does_not_listen_is_killed_with_its_children(tmp_path: Path) -> None:
    child = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEPER!r}]); "
    code = STUBBORN.replace("print('deaf'); ", child) + "print('deaf', flush=True); time.sleep(60)"
    log = tmp_path / "log"
    running = spawn("stubborn", [sys.executable, "-c", code], port=1, log=log)
    while "deaf" not in running.log_tail():
        time.sleep(0.02)
    process = running.process()
    assert process is not None
    family = [process, *process.children()]
    assert len(family) == 2
    running.stop(seconds=0.2)
    time.sleep(0.05)
    assert not [one for one in family if one.is_running() and one.status() != "zombie"]


def test_a_process_lives_as_long_as_one_of_its_threads(tmp_path: Path) -> None:
    running = spawn(
        "headless",
        [sys.executable, "-c", HEADLESS.replace("EXIT", EXIT)],
        port=1,
        log=tmp_path / "log",
    )
    while "headless" not in running.log_tail():
        time.sleep(0.02)
    assert psutil.Process(running.pid).status() == psutil.STATUS_ZOMBIE
    assert running.alive()
    running.stop(seconds=0.2)
    assert not running.alive()
    assert not psutil.pid_exists(running.pid)


def test_a_process_that_ended_by_itself_is_not_alive(tmp_path: Path) -> None:
    running = spawn("short", [sys.executable, "-c", "print('bye')"], port=1, log=tmp_path / "log")
    while running.alive():
        time.sleep(0.02)
    assert running.log_tail() == "bye"


def test_notes_survive_the_command_that_wrote_them(sleeper: Running, tmp_path: Path) -> None:
    Notes(tmp_path / "run").write(sleeper)
    code = (
        "import sys; from pathlib import Path; from kehu_local.processes import Notes; "
        "print(Notes(Path(sys.argv[1])).read('sleeper').alive())"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "run")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.strip() == "True"


def test_a_broken_note_is_as_good_as_none(tmp_path: Path) -> None:
    notes = Notes(tmp_path)
    (tmp_path / "half.json").write_text('{"name": "half"')
    (tmp_path / "other.json").write_text('{"name": "other"}')
    assert notes.all() == []


def test_the_tail_of_a_log_begins_where_the_process_began(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("an earlier run\n")
    running = spawn("short", [sys.executable, "-c", "print('now')"], port=1, log=tmp_path / "log")
    while running.alive():
        time.sleep(0.02)
    assert running.log_tail() == "now"

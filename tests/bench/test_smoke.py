"""One line of the bench, from the command line to the file of figures."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


def bench(home: Path, **choice: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(TESTS), "KEHU_HOME": str(home)} | choice
    return subprocess.run(
        [sys.executable, "-m", "bench"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )


class TestBench:
    @pytest.mark.timeout(300)  # starts servers, beside other tests
    def test_measures_a_line_and_keeps_it(self, tmp_path: Path) -> None:
        done = bench(tmp_path, ONLY="read", QUICK="1")
        assert done.returncode == 0, done.stderr
        assert "read, p99" in done.stdout
        (kept,) = (tmp_path / "bench").glob("*.json")
        throughput, slowest, cpu = json.loads(kept.read_text())["lines"]
        assert throughput["name"] == "read"
        assert throughput["ours_median"] > 0
        assert throughput["floor_median"] > 0
        assert (slowest["unit"], cpu["unit"]) == ("ms", "us/req")

    @pytest.mark.parametrize("only", ["speed", "read,speed"])
    def test_says_what_it_knows(self, tmp_path: Path, only: str) -> None:
        done = bench(tmp_path, ONLY=only)
        assert done.returncode == 2
        assert "not speed" in done.stderr

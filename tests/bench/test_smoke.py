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

    @pytest.mark.timeout(300)
    def test_measures_look_ups_and_says_whether_they_are_in_time(self, tmp_path: Path) -> None:
        done = bench(tmp_path, ONLY="search,duplicates,filters", QUICK="1", ROWS="2000")
        assert done.returncode == 0, done.stderr
        (kept,) = (tmp_path / "bench").glob("*.json")
        lines = json.loads(kept.read_text())["lines"]
        names = ("search", "duplicates", "list of 50, filters")
        assert [line["name"] for line in lines] == [
            f"{name} on 2,000, {part}" for name in names for part in ("p50", "p95")
        ]
        assert all(line["ours_median"] > 0 for line in lines)

    @pytest.mark.timeout(300)
    def test_imports_a_file_and_writes_its_rows_without_rules(self, tmp_path: Path) -> None:
        done = bench(tmp_path, ONLY="import", QUICK="1", ROWS="600")
        assert done.returncode == 0, done.stderr
        (kept,) = (tmp_path / "bench").glob("*.json")
        speed, cpu, memory = json.loads(kept.read_text())["lines"]
        assert (speed["name"], memory["unit"]) == ("import of 600", "MiB")
        assert speed["detail"]["created"] > 500
        assert speed["floor_median"] > 0
        assert cpu["ratio"] > 1  # rules are not free

    @pytest.mark.timeout(300)
    def test_measures_the_sales_service(self, tmp_path: Path) -> None:
        chosen = "opportunities,prices,promotion,entering"
        done = bench(tmp_path, ONLY=chosen, QUICK="1", ROWS="1000")
        assert done.returncode == 0, done.stderr
        (kept,) = (tmp_path / "bench").glob("*.json")
        lines = json.loads(kept.read_text())["lines"]
        assert [line["unit"] for line in lines] == [*["ms"] * 6, "req/s", "us/req", "rows/s"]
        assert all(line["ours_median"] > 0 for line in lines)
        promotion = next(line for line in lines if line["name"] == "promotion with gates")
        assert promotion["floor_median"] > promotion["ours_median"]

    @pytest.mark.parametrize("only", ["speed", "read,speed"])
    def test_says_what_it_knows(self, tmp_path: Path, only: str) -> None:
        done = bench(tmp_path, ONLY=only)
        assert done.returncode == 2
        assert "not speed" in done.stderr

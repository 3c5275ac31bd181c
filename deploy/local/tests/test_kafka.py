"""What is said when Apache Kafka cannot be had; that it runs is shown by the broker suite."""

from pathlib import Path

import pytest

from kehu_local.errors import LocalError
from kehu_local.kafka import _cluster_id, fetch_kafka, find_java


def _program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return folder


@pytest.mark.usefixtures("programs")
def test_a_missing_maven_is_named(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"`mvn` is not installed.*embedded broker"):
        fetch_kafka(tmp_path)


@pytest.mark.usefixtures("programs")
def test_a_missing_java_is_named() -> None:
    with pytest.raises(LocalError, match=r"No Java found.*Java 17 or newer"):
        find_java()


def test_an_old_java_is_named(programs: Path) -> None:
    _program(programs, "java", "echo 'openjdk version \"11.0.2\" 2019-01-15' >&2")
    with pytest.raises(LocalError, match=r"too old.*Java 17 or newer"):
        find_java()


def test_java_home_comes_first(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _program(programs, "java", "exit 1")
    (tmp_path / "jdk").mkdir()
    _program(tmp_path / "jdk" / "bin", "java", "echo 'openjdk version \"21\" 2023-09-19' >&2")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    assert find_java() == str(tmp_path / "jdk" / "bin" / "java")


def test_a_failing_maven_tells_its_reason_and_leaves_nothing(
    programs: Path, tmp_path: Path
) -> None:
    _program(programs, "java", "echo 'openjdk version \"17\" 2021-09-14' >&2")
    _program(programs, "mvn", "echo 'no route to the repository'; exit 1")
    with pytest.raises(LocalError, match="no route to the repository"):
        fetch_kafka(tmp_path)
    assert not (tmp_path / "kafka").exists()


def test_a_cluster_id_never_looks_like_an_option() -> None:
    assert not any(_cluster_id().startswith("-") for _ in range(1000))

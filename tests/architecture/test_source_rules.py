"""Rules of the code base that no linter knows. Each failure says what to do instead."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICE_SOURCES = sorted((ROOT / "services").glob("*/src/**/*.py"))
KERNEL_SOURCES = sorted((ROOT / "shared/kernel/src").glob("**/*.py"))
OWN_SOURCES = [
    *SERVICE_SOURCES,
    *KERNEL_SOURCES,
    *sorted((ROOT / "shared/contracts/src").glob("**/*.py")),
]


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", SERVICE_SOURCES, ids=_name)
class TestServiceSource:
    def test_does_not_commit_or_roll_back(self, path: Path) -> None:
        bad = [
            call.lineno
            for call in _calls(_parse(path))
            if isinstance(call.func, ast.Attribute) and call.func.attr in ("commit", "rollback")
        ]
        assert not bad, (
            f"{_name(path)}:{bad}: the transaction belongs to the edge (http, consumer). "
            "Raise an error to undo; use session.savepoint() for 'insert or explain'."
        )

    def test_leaves_kafka_to_the_kernel(self, path: Path) -> None:
        assert "aiokafka" not in path.read_text(encoding="utf-8"), (
            f"{_name(path)}: publish with kehu_kernel.outbox.add, consume with a handler."
        )

    def test_does_not_read_the_clock_itself(self, path: Path) -> None:
        bad = [
            call.lineno
            for call in _calls(_parse(path))
            if isinstance(call.func, ast.Attribute)
            and call.func.attr in ("now", "today", "utcnow")
            and isinstance(call.func.value, ast.Name)
            and call.func.value.id in ("datetime", "date")
        ]
        assert not bad, (
            f"{_name(path)}:{bad}: take the instant from session.context.now or clock.now(), "
            "the day from the Today dependency."
        )

    def test_relationships_do_not_load_lazily(self, path: Path) -> None:
        bad = [
            call.lineno
            for call in _calls(_parse(path))
            if isinstance(call.func, ast.Name)
            and call.func.id == "relationship"
            and not any(
                word.arg == "lazy"
                and isinstance(word.value, ast.Constant)
                and word.value.value in ("raise", "raise_on_sql", "selectin")
                for word in call.keywords
            )
        ]
        assert not bad, (
            f'{_name(path)}:{bad}: say relationship(..., lazy="raise") and load on purpose.'
        )

    def test_layers_point_one_way(self, path: Path) -> None:
        above = {
            "models": ("routes", "service", "schemas", "events", "queries"),
            "errors": ("routes", "service", "schemas", "events", "queries", "models"),
            "events": ("routes", "service", "schemas", "queries"),
            "queries": ("routes", "service", "events"),
            "schemas": ("routes", "service", "events", "queries"),
            "service": ("routes",),
        }.get(path.stem, ())
        own_slice = ".".join(path.with_suffix("").relative_to(ROOT).parts[3:-1])
        bad = [
            module
            for module in _imported(_parse(path))
            if module.rpartition(".")[2] in above and module.rpartition(".")[0].endswith(own_slice)
        ]
        assert not bad, (
            f"{_name(path)} imports {bad}: routes -> service -> queries | events -> models"
        )


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", OWN_SOURCES, ids=_name)
class TestOwnSource:
    def test_imports_at_the_top(self, path: Path) -> None:
        bad = [
            inner.lineno
            for node in ast.walk(_parse(path))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            for inner in ast.walk(node)
            if isinstance(inner, ast.Import | ast.ImportFrom)
        ]
        assert not bad, f"{_name(path)}:{bad}: import at the top; a cycle means a wrong dependency."

    def test_module_holds_one_thing(self, path: Path) -> None:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= 500, f"{_name(path)} has {lines} lines: split it by use case."

    def test_module_says_what_it_is(self, path: Path) -> None:
        tree = _parse(path)
        assert not tree.body or ast.get_docstring(tree), f"{_name(path)}: begin with a docstring."


def test_kernel_stays_small() -> None:
    lines = sum(
        len(path.read_text(encoding="utf-8").splitlines())
        for path in KERNEL_SOURCES
        if "testing" not in path.parts
    )
    # Sealing the audit log, erasing persons, telling what is held about them, and saying what is
    # wrong with a field are the same work in all five services; so is reading rows by the driver,
    # and telling the planner of a new database that its rows may be one tenant's.
    assert lines <= 8417, (
        f"the kernel has {lines} lines: what only one or two services need belongs to them."
    )

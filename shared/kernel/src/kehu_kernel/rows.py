"""Rows of mapped classes as SQL: how they are read by key, inserted and updated.

What SQL has to know of a class is worked out once. The classes are mapped by SQLAlchemy, which
notices which attributes changed; everything else about writing is here.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, cast

import asyncpg
import orjson
from sqlalchemy import Column, Dialect, LargeBinary, Table, inspect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import asyncpg as dialects
from sqlalchemy.orm import LoaderCallableStatus, Mapper
from sqlalchemy.orm.attributes import instance_dict, instance_state, manager_of_class
from sqlalchemy.types import TypeDecorator, TypeEngine

from kehu_kernel.columns import Aggregate
from kehu_kernel.context import Context

MANY = 20
"""New rows of one table that are worth a statement of their own making."""
DIALECT: Dialect = dialects.dialect()  # type: ignore[no-untyped-call]


class Statement(NamedTuple):
    """SQL, and the arguments of each run; `counted` if each must change exactly one row."""

    sql: str
    arguments: list[list[object]]
    counted: bool


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """What SQL has to know of a mapped class. Names are of attributes, in the table's order."""

    table: str
    position: int
    """Of the table among all: what it refers to comes earlier."""
    names: tuple[str, ...]
    columns: dict[str, Column[Any]]
    key: tuple[str, ...]
    documents: frozenset[str]
    """Attributes whose value travels as a JSON document."""
    decorated: dict[str, TypeDecorator[Any]]
    """Attributes whose column type turns their values into others and back."""
    defaults: dict[str, Any]
    """Attributes with a default that is ours to fill in."""
    made_by_database: frozenset[str]
    """Attributes with a default of the database's own."""
    versioned: bool
    select: str
    """Reads rows, of which the caller adds which."""
    by_key: str
    model: type

    def quoted(self, name: str) -> str:
        """Return the column of an attribute."""
        return f'"{self.columns[name].name}"'

    def attribute_names(self, columns: Iterable[str]) -> tuple[str, ...]:
        """Return the attributes that result columns belong to."""
        by_column = {column.name: name for name, column in self.columns.items()}
        return tuple(by_column[column] for column in columns)

    def read(self, record: asyncpg.Record, names: Sequence[str]) -> dict[str, Any]:
        """Return the attributes in a record that has them in this order."""
        values = dict(zip(names, record, strict=True))
        for name, decorator in self.decorated.items():
            values[name] = decorator.process_result_value(values[name], DIALECT)
        return values

    def new(self) -> Any:
        """Return an object without attributes, to be filled with a row that was read."""
        return manager_of_class(self.model).new_instance()

    def key_of(self, row: object) -> tuple[Any, ...]:
        """Return the primary key."""
        values = instance_dict(row)
        return tuple([values.get(name) for name in self.key])

    def arguments(self, row: object, names: Iterable[str]) -> list[object]:
        """Return the row's values as the driver wants them."""
        values = instance_dict(row)
        found = []
        for name in names:
            value = values.get(name)
            if name in self.decorated:
                value = self.decorated[name].process_bind_param(value, DIALECT)
            found.append(as_document(value) if name in self.documents else value)
        return found


_shapes: dict[type, Shape] = {}


def shape_of(model: type) -> Shape:
    """Return what SQL has to know of a mapped class."""
    shape = _shapes.get(model)
    if shape is None:
        shape = _shapes[model] = _shape(model)
    return shape


def _shape(model: type) -> Shape:
    mapper: Mapper[Any] = inspect(model)
    table = cast("Table", mapper.local_table)
    columns = {one.key: cast("Column[Any]", one.columns[0]) for one in mapper.column_attrs}
    key = tuple(name for name, column in columns.items() if column.primary_key)
    where = " AND ".join(f'"{columns[name].name}" = ${n}' for n, name in enumerate(key, 1))
    listed = ", ".join(f'"{column.name}"' for column in columns.values())
    return Shape(
        table=table.name,
        position=list(table.metadata.sorted_tables).index(table),
        names=tuple(columns),
        columns=columns,
        key=key,
        documents=frozenset(n for n, c in columns.items() if isinstance(_stored_as(c), JSONB)),
        decorated={n: c.type for n, c in columns.items() if isinstance(c.type, TypeDecorator)},
        defaults={n: c.default for n, c in columns.items() if c.default is not None},
        made_by_database=frozenset(n for n, c in columns.items() if c.server_default is not None),
        versioned=issubclass(model, Aggregate),
        select=f"SELECT {listed} FROM {table.name} ",  # noqa: S608 - our own names
        by_key=f"WHERE {where}",
        model=model,
    )


def _stored_as(column: Column[Any]) -> TypeEngine[Any]:
    return column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type


def model_of(statement: Any) -> type | None:
    """Return the mapped class that a `select(Model)` asks for, None for any other statement."""
    described = getattr(statement, "column_descriptions", None)
    asked = described[0]["expr"] if described else None
    return asked if isinstance(asked, type) else None


def as_document(value: object) -> str | None:
    """Return a value as JSON text; None stays NULL."""
    return None if value is None else orjson.dumps(value, default=str).decode()


def complete(row: object, context: Context | None) -> None:
    """Give a new row its tenant and the defaults of attributes nobody set."""
    values, shape = instance_dict(row), shape_of(type(row))
    if context is not None and values.get("tenant_id") is None and "tenant_id" in shape.columns:
        values["tenant_id"] = context.tenant_id
    for name, default in shape.defaults.items():
        if values.get(name) is None:
            values[name] = default.arg(None) if default.is_callable else default.arg


def settle(row: object) -> None:
    """Take the row for written: its attributes are no changes any more."""
    instance_state(row)._commit_all(instance_dict(row))


def changes(row: object) -> dict[str, tuple[Any, Any]]:
    """Return (before, after) of the attributes that differ from what was read or written last."""
    values = instance_dict(row)
    return {
        name: (None if before is LoaderCallableStatus.NO_VALUE else before, values.get(name))
        for name, before in instance_state(row).committed_state.items()
        if values.get(name) != before
    }


def writing(added: Sequence[object], changed: Sequence[object]) -> Iterator[Statement]:
    """Return the statements that write rows: by table in the order of references, updates first."""
    alike: dict[tuple[int, str], Statement] = {}
    for row in changed:
        names = sorted(changes(row))
        if names:
            _collect(alike, shape_of(type(row)), *_update(row, names))
    kinds: dict[type, list[object]] = {}
    for row in added:
        kinds.setdefault(type(row), []).append(row)
    for kind, rows in kinds.items():
        shape = shape_of(kind)
        if len(rows) >= MANY and _fit_a_document(shape, rows):
            alike[2 * shape.position + 1, shape.table] = _together(shape, rows)
        else:
            for row in rows:
                _collect(alike, shape, *_insert(row))
    for _, statement in sorted(alike.items(), key=lambda item: item[0][0]):
        yield statement


def _fit_a_document(shape: Shape, added: Sequence[object]) -> bool:
    """Whether each row has a value for what the database would make, and none is of bytes."""
    binary = any(isinstance(one.type, LargeBinary) for one in shape.columns.values())
    return not binary and all(
        instance_dict(row).get(name) is not None for name in shape.made_by_database for row in added
    )


def _together(shape: Shape, added: Sequence[object]) -> Statement:
    """Return one insert of many rows, which travel as one document.

    Run for each row anew, the policies of the table would cost more than the row.
    """
    told = []
    stored = [(name, column.name) for name, column in shape.columns.items()]
    for row in added:
        given = instance_dict(row)
        values = {column: given.get(name) for name, column in stored}
        for name, decorator in shape.decorated.items():
            column = shape.columns[name].name
            values[column] = decorator.process_bind_param(values.get(column), DIALECT)
        told.append(values)
    columns = ", ".join(shape.quoted(name) for name in shape.names)
    sql = (
        f"INSERT INTO {shape.table} ({columns}) SELECT {columns} "  # noqa: S608 - our own names
        f"FROM json_populate_recordset(NULL::{shape.table}, $1::text::json)"
    )
    return Statement(sql, [[as_document(told)]], counted=False)


def _collect(
    alike: dict[tuple[int, str], Statement],
    shape: Shape,
    sql: str,
    arguments: list[object],
    counted: bool,
) -> None:
    place = 2 * shape.position + (not counted)
    alike.setdefault((place, sql), Statement(sql, [], counted)).arguments.append(arguments)


def _insert(row: object) -> tuple[str, list[object], bool]:
    shape, values = shape_of(type(row)), instance_dict(row)
    names = tuple(
        name
        for name in shape.names
        if name not in shape.made_by_database or values.get(name) is not None
    )
    return _insert_sql(shape, names), shape.arguments(row, names), False


def _update(row: object, names: Sequence[str]) -> tuple[str, list[object], bool]:
    shape, state = shape_of(type(row)), instance_state(row)
    arguments = shape.arguments(row, names) + list(shape.key_of(row))
    if shape.versioned:
        arguments.append(state.committed_state.get("version", state.dict["version"]))
    return _update_sql(shape, tuple(names)), arguments, True


@cache
def _insert_sql(shape: Shape, names: tuple[str, ...]) -> str:
    columns = ", ".join(shape.quoted(name) for name in names)
    places = ", ".join(f"${n}" for n in range(1, len(names) + 1))
    return f"INSERT INTO {shape.table} ({columns}) VALUES ({places})"  # noqa: S608 - our own names


@cache
def _update_sql(shape: Shape, names: tuple[str, ...]) -> str:
    """Return an update of these attributes; one that is based on another version hits no row."""
    assigned = ", ".join(f"{shape.quoted(name)} = ${n}" for n, name in enumerate(names, 1))
    given = (*shape.key, "version") if shape.versioned else shape.key
    where = " AND ".join(
        f"{shape.quoted(name)} = ${n}" for n, name in enumerate(given, len(names) + 1)
    )
    return f"UPDATE {shape.table} SET {assigned} WHERE {where} RETURNING 1"  # noqa: S608

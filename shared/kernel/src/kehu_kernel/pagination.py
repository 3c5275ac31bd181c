"""Lists by keyset: stable under concurrent writes, as fast on the last page as on the first."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

import orjson
from asyncpg.exceptions import DataError
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    Executable,
    Select,
    and_,
    func,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler

from kehu_contracts.access import RowScope
from kehu_kernel.errors import InvalidCursor
from kehu_kernel.session import Session

Item = TypeVar("Item")
Row = TypeVar("Row")
SortColumns = Mapping[str, InstrumentedAttribute[Any]]


class PageParams(BaseModel):
    """The query parameters every list has. Unknown parameters are refused."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=200, description="How many items a page holds, at most.")
    cursor: str | None = Field(
        None, max_length=1000, description="`next_cursor` of the page before; omit it to start."
    )
    count: Literal["none", "estimated", "exact"] = Field(
        "none", description="Whether to count all matches: exactly, by the planner, or not at all."
    )


class Page(BaseModel, Generic[Item]):
    """One page of a list."""

    items: list[Item] = Field(description="The matches of this page, in the order asked for.")
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null ends.")
    count: int | None = Field(description="Number of all matches, if `count` asked for it.")


def one_of(column: Any, values: Sequence[Any]) -> ColumnElement[bool]:
    """Return the condition that a column has one of these values.

    Of a single value it is an equality: only with it an index can give the page in its order. With
    a list of one, 50 customers of a state were 40,000 read and sorted.
    """
    found: ColumnElement[bool] = column == values[0] if len(values) == 1 else column.in_(values)
    return found


async def paginate(
    session: Session,
    query: Select[Row],
    params: PageParams,
    *,
    sort: str,
    columns: SortColumns,
    tie_breaker: InstrumentedAttribute[UUID],
) -> tuple[list[Row], str | None, int | None]:
    """Run a list query and return its rows, the next cursor and the count.

    `sort` is a key of `columns`, with a leading `-` for descending; `tie_breaker` makes the order
    total. Sort columns may be null: nulls come last in both directions. Raises `InvalidCursor` for
    a cursor of another sort order.
    """
    column, descending = columns[sort.lstrip("-")], sort.startswith("-")
    page = query
    if params.cursor is not None:
        page = page.where(_after(params.cursor, sort, column, tie_breaker, descending=descending))
    key = column.desc() if descending else column.asc()
    tie = tie_breaker.desc() if descending else tie_breaker.asc()
    # Only where there may be nulls: read backwards an index has them first, and is of no use.
    page = page.order_by(key.nulls_last() if _nullable(column) else key, tie)
    page = page.limit(params.limit + 1)
    try:
        rows = list(await session.scalars(page))
    except DBAPIError as error:
        if params.cursor is not None and isinstance(error.orig and error.orig.__cause__, DataError):
            raise InvalidCursor from error  # a value that its column cannot hold
        raise
    cursor = None
    if len(rows) > params.limit:
        rows.pop()
        last = rows[-1]
        cursor = _encode(sort, getattr(last, column.key), getattr(last, tie_breaker.key))
    return rows, cursor, await _count(session, query, params.count)


def _after(
    cursor: str,
    sort: str,
    column: InstrumentedAttribute[Any],
    tie_breaker: InstrumentedAttribute[UUID],
    *,
    descending: bool,
) -> Any:
    value, tie = _decode(cursor, sort, column)
    beyond_tie = tie_breaker < tie if descending else tie_breaker > tie
    if value is None:
        return and_(column.is_(None), beyond_tie)
    here, there = tuple_(column, tie_breaker), tuple_(value, tie)
    beyond = here < there if descending else here > there  # one index range, unlike an OR
    return or_(beyond, column.is_(None)) if _nullable(column) else beyond


def _nullable(column: InstrumentedAttribute[Any]) -> bool:
    return bool(getattr(column.property.columns[0], "nullable", True))


def _encode(sort: str, value: object, tie: UUID) -> str:
    return urlsafe_b64encode(orjson.dumps([sort, value, tie], default=str)).decode().rstrip("=")


def _decode(cursor: str, sort: str, column: InstrumentedAttribute[Any]) -> tuple[Any, UUID]:
    kind = column.type.python_type
    if kind not in {str, int, bool, date, datetime, Decimal, UUID}:
        kind = str  # an enum is stored and compared as its text
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        made_for, value, tie = orjson.loads(raw)
        if made_for != sort:
            raise InvalidCursor
        return TypeAdapter(kind | None).validate_python(value), UUID(tie)
    except (ValueError, TypeError, AttributeError, ValidationError) as error:
        raise InvalidCursor from error


async def _count(session: Session, query: Select[Row], how: str) -> int | None:
    if how == "none":
        return None
    narrow = query.order_by(None).with_only_columns(text("1"))
    # The estimate counts the rows of everybody: it is not for callers who may see some of them.
    if how == "exact" or session.context.row_scope != RowScope.ALL:
        return await session.scalar(select(func.count()).select_from(narrow.subquery()))
    plan = await session.scalar(_Explain(narrow))
    document = plan if isinstance(plan, list) else orjson.loads(plan)
    return int(document[0]["Plan"]["Plan Rows"])


class _Explain(Executable, ClauseElement):
    """EXPLAIN of a query, with its bound parameters (never literals in the text)."""

    inherit_cache = False

    def __init__(self, query: Select[Any]) -> None:
        self.query = query


@compiles(_Explain)
def _compile_explain(element: _Explain, compiler: SQLCompiler, **options: Any) -> str:
    return "EXPLAIN (FORMAT JSON) " + compiler.process(element.query, **options)

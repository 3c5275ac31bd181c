"""What a service holds about a person, read for the person: the rows an erasure would blank (C12).

Rows are found as an erasure finds them (`kehu_kernel.erasure_schema`): by the person's ids, and by
the ids of the rows found before. They travel over HTTP to whoever may ask, never through Kafka.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import MetaData

from kehu_kernel import audit
from kehu_kernel.auth import requires
from kehu_kernel.erasure_schema import Personal
from kehu_kernel.errors import InvalidCursor
from kehu_kernel.http import Session, router
from kehu_kernel.pagination import Page
from kehu_kernel.problems import problems
from kehu_kernel.wire import Input, Whole

KEY = re.compile(r"[0-9A-Za-z/:._-]{0,200}")


class Source(NamedTuple):
    """A table with rows about persons: how they are found, told apart, and what hangs on them."""

    table: str
    by: tuple[str, ...]
    key: str
    """SQL of what tells its rows apart."""
    owns: str | None
    """The column by which rows of later tables belong to them."""
    hidden: tuple[str, ...] = ("tenant_id",)

    @property
    def whose(self) -> str:
        """The condition that a row belongs to somebody among `$2`, in the tenant `$1`."""
        any_of = " OR ".join(f"{column} = ANY ($2)" for column in self.by)
        return f"FROM {self.table} t WHERE tenant_id = $1 AND ({any_of})"


AUDIT_LOG = Source(
    "audit_log", ("entity_id",), "id::text", None, ("tenant_id", "salt", "digest", "xid")
)


def sources(
    personal: Sequence[Personal], metadata: MetaData, *, without: str = ""
) -> tuple[Source, ...]:
    """Return where a service holds personal data, parents first, and last who changed what.

    Indexes of values that stand elsewhere are left out, and the table `without`.
    """
    found: dict[str, Source] = {}
    for one in personal:
        if one.delete or one.table == without:
            continue
        known = metadata.tables[one.table].primary_key.columns
        key = " || '/' || ".join(f"{c.name}::text" for c in known if c.name != "tenant_id")
        before = found.get(one.table)
        by = dict.fromkeys((before.by if before else ()) + one.by)
        found[one.table] = Source(one.table, tuple(by), key, one.key)
    return (*found.values(), AUDIT_LOG)


class Found(NamedTuple):
    """A row about a person, and its place among all of them."""

    place: tuple[int, str]
    table: str
    row: dict[str, Any]


async def rows_about(
    session: Session,
    where: Sequence[Source],
    subject_ids: Sequence[UUID],
    *,
    after: tuple[int, str] = (0, ""),
    limit: int = 2**31 - 1,
) -> list[Found]:
    """Return the rows about a person that come after a place, so many at most."""
    tenant_id, owners, found = session.context.tenant_id, list(subject_ids), list[Found]()
    for number, one in enumerate(where):
        if number >= after[0]:
            known = after[1] if number == after[0] else ""
            rows = await session.fetch(
                f'SELECT ({one.key}) COLLATE "C" AS key, to_jsonb(t) - $5::text[] AS row '
                f'{one.whose} AND ({one.key}) COLLATE "C" > $3 ORDER BY 1 LIMIT $4',
                tenant_id, owners, known, limit - len(found), list(one.hidden),
            )  # fmt: skip
            found += [Found((number, row["key"]), one.table, row["row"]) for row in rows]
            if len(found) >= limit:
                break
        if one.owns is not None:
            ids = await session.fetch(f"SELECT {one.owns} AS id {one.whose}", tenant_id, owners)
            owners += [row["id"] for row in ids]
    return found


class PersonalDataQuery(Input):
    """Whose data to read: the person's record, and those merged into it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"subject_ids": ["0192f0c1-2b3c-7d4e-8f50-617283940a1b"]}]}
    )

    subject_ids: list[UUID] = Field(
        min_length=1,
        max_length=100,
        description="Customers or contacts: `subject_ids` of the customer service's data export.",
    )
    limit: Whole = Field(100, ge=1, le=500, description="How many rows a page holds, at most.")
    cursor: str | None = Field(
        None, max_length=1000, description="`next_cursor` of the page before; omit it to start."
    )


class PersonalRow(BaseModel):
    """A row that is about a person."""

    table: str = Field(description="Where it is held; `audit_log` is who changed and read what.")
    row: dict[str, Any] = Field(description="Its columns.")


def personal_data_router(
    service: str, personal: Sequence[Personal], metadata: MetaData
) -> APIRouter:
    """Return the route `POST /v1/personal-data` of a service, for holders of its scope."""
    routes = router("/v1/personal-data", "privacy")
    where = sources(personal, metadata)

    @routes.post(
        "",
        summary="Read everything about a person",
        dependencies=[requires(f"{service}:personal-data:read")],
        responses=problems(InvalidCursor),
    )
    async def read_personal_data(data: PersonalDataQuery, session: Session) -> Page[PersonalRow]:
        """What this service holds about a person, a page at a time; the audit log tells who read.

        An id that is not known here has no rows.
        """
        after = _place(data.cursor, len(where)) if data.cursor is not None else (0, "")
        await session.see_all_rows()  # the right to read all about a person is a scope of its own
        for subject_id in data.subject_ids:
            audit.noted(session, "personal-data", subject_id, "read")
        found = await rows_about(
            session, where, data.subject_ids, after=after, limit=data.limit + 1
        )
        shown = found[: data.limit]
        cursor = _cursor(shown[-1].place) if len(found) > data.limit else None
        items = [PersonalRow(table=one.table, row=one.row) for one in shown]
        return Page(items=items, next_cursor=cursor, count=None)

    return routes


def _cursor(place: tuple[int, str]) -> str:
    return urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


def _place(cursor: str, tables: int) -> tuple[int, str]:
    try:
        number, key = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if type(number) is int and 0 <= number < tables and KEY.fullmatch(key):
            return number, key
    except (ValueError, TypeError) as error:
        raise InvalidCursor from error
    raise InvalidCursor

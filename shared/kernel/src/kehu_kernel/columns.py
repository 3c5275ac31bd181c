"""Column conventions: names of constraints, tenant rows, aggregates.

Business tables derive from the service's own `Base`. Plumbing tables (outbox, inbox, audit, ...)
look the same in every service's database, so they are mapped once, on `PlumbingBase`; a service
does not subclass them.
"""

from collections.abc import Hashable
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, cast
from uuid import UUID

from sqlalchemy import DateTime, MetaData, Numeric, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from kehu_kernel import ids

NAMING = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}
TYPES: dict[Any, Any] = {
    str: Text(),
    datetime: DateTime(timezone=True),
    UUID: Uuid(),
    dict[str, Any]: JSONB(),
    list[str]: JSONB(),
    Decimal: Numeric(18, 2),
}


class PlumbingBase(DeclarativeBase):
    """Base of the tables that every service's database has alike."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = TYPES


@cache
def _unset(model: Hashable) -> dict[str, None]:
    return dict.fromkeys(cast("Any", model).__mapper__.column_attrs.keys())


class TenantRow:
    """A row of one tenant: key `(tenant_id, id)`. The session fills `tenant_id` when it is new."""

    def __init__(self, **values: object) -> None:
        # As SQLAlchemy's own constructor, but without a change event for each attribute.
        columns = _unset(cast("Hashable", type(self)))
        self.__dict__.update(columns)
        for name, value in values.items():
            if name in columns:
                self.__dict__[name] = value
            elif hasattr(type(self), name):
                setattr(self, name, value)
            else:
                raise TypeError(f"{type(self).__name__} has no attribute {name!r}")

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=ids.new_id)


class Aggregate(TenantRow):
    """A row that changes as a whole: `version` counts its changes, is its ETag and event sequence.

    `audit.created` and `audit.changed` set the version and the two times; the database refuses a
    write that is based on another version.
    """

    version: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805 - a declared attribute gets the class
        # SQLAlchemy adds `AND version = <loaded>` to every UPDATE: we count, it compares.
        return {"version_id_col": cls.version, "version_id_generator": False}

"""The service's tables: its declarative base, and all its models on one metadata."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, MetaData, any_, literal
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute

from kehu_kernel.columns import NAMING, TYPES


class Base(DeclarativeBase):
    """Base of the sales service's models."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = TYPES


def among(column: InstrumentedAttribute[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Return the condition that a column has one of these values.

    One bound array: unlike IN, the statement stays the same, and prepared, for any number of them.
    """
    return column == any_(literal(list(values), ARRAY(column.type)))

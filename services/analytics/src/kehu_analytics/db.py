"""The service's tables: its declarative base, and all its models on one metadata."""

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from kehu_kernel.columns import NAMING, TYPES


class Base(DeclarativeBase):
    """Base of the analytics service's models."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = TYPES

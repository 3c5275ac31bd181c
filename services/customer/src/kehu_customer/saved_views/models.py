"""The saved view, and who may use and change it (C15)."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from kehu_customer.db import Base
from kehu_customer.saved_views.errors import SharingNotAllowed, ViewDeleted, ViewOfOthers
from kehu_kernel.columns import Aggregate

SHARE = "customer:views:share"


class Audience(StrEnum):
    """Who may use a view: 仅本人, 本部门, 全部."""

    ME = "me"
    DEPARTMENT = "department"
    ALL = "all"


class SavedView(Aggregate, Base):
    """Filters, order and columns of the customer list that somebody keeps under a name.

    It gives nobody more to see: the list shows each caller their own rows. One that was deleted is
    kept, as its history is, and shown to nobody.
    """

    label_zh = "保存的视图"
    __tablename__ = "saved_views"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "department_id"], ["departments.tenant_id", "departments.id"]
        ),
        Index(
            "uq_saved_views_name",
            "tenant_id",
            "made_by",
            "name",
            unique=True,
            postgresql_where=text("NOT deleted"),
        ),
        Index("ix_saved_views_name", "tenant_id", "name", "id"),
    )

    name: Mapped[str]
    made_by: Mapped[str]
    audience: Mapped[str]
    department_id: Mapped[UUID | None]
    filters: Mapped[dict[str, Any]]
    columns: Mapped[list[str]]
    deleted: Mapped[bool]

    def share(
        self, audience: Audience, department_id: UUID | None, scopes: frozenset[str] | None
    ) -> None:
        """Let others use it, or nobody else; the department is that of who shares it.

        Raises `SharingNotAllowed`.
        """
        if audience != Audience.ME and scopes is not None and SHARE not in scopes:
            raise SharingNotAllowed
        if audience == Audience.DEPARTMENT and department_id is None:
            raise SharingNotAllowed
        self.audience = audience
        self.department_id = department_id if audience == Audience.DEPARTMENT else None

    def require_maker(self, subject: str) -> None:
        """Raise `ViewOfOthers` unless this is who made it, `ViewDeleted` if it is no more."""
        if self.made_by != subject:
            raise ViewOfOthers(name=self.name)
        if self.deleted:
            raise ViewDeleted(name=self.name)


class DefaultView(Aggregate, Base):
    """With which view a person's list begins; null is the plain list."""

    label_zh = "默认视图"
    __tablename__ = "default_views"
    __table_args__ = (
        UniqueConstraint("tenant_id", "subject"),
        ForeignKeyConstraint(["tenant_id", "view_id"], ["saved_views.tenant_id", "saved_views.id"]),
    )

    subject: Mapped[str]
    view_id: Mapped[UUID | None]

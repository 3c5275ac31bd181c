"""The sales method (1.2), and the versions its stages have been through."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kehu_kernel.columns import Aggregate, TenantRow
from kehu_sales.db import Base
from kehu_sales.methods.errors import DefaultMethodNeeded, MethodWithdrawn
from kehu_sales.methods.stages import Stage, StagesColumn


class Method(Aggregate, Base):
    """A way to sell, as a row of stages. Exactly one method of a tenant is the default.

    The order of `stages` is the order they are gone through; positions count from 1. They are the
    newest version of the stages, number `stages_version`; an opportunity goes on with the version
    it began with. `winning_asks`: whether the stage that is left by winning must meet its
    conditions, as one that is left by promotion (1.2, 4 §5.3); it belongs to no version.
    """

    label_zh = "销售方法"
    __tablename__ = "methods"
    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        Index("ix_methods_default", "tenant_id", unique=True, postgresql_where=text("is_default")),
        Index("ix_methods_name", "tenant_id", "name", "id"),
    )

    code: Mapped[str]
    name: Mapped[str]
    is_default: Mapped[bool]
    active: Mapped[bool]
    winning_asks: Mapped[bool] = mapped_column(server_default=text("false"))
    stages: Mapped[tuple[Stage, ...]] = mapped_column(StagesColumn())
    stages_version: Mapped[int] = mapped_column(server_default=text("1"))
    stages_since: Mapped[datetime | None]

    def renew(self, stages: tuple[Stage, ...], now: datetime, by: str) -> "MethodVersion":
        """Take other stages from now on; return the version that is thereby past."""
        past = MethodVersion(
            method_id=self.id,
            number=self.stages_version,
            stages=self.stages,
            valid_from=self.stages_since or self.created_at,
            valid_until=now,
            superseded_by=by,
        )
        self.stages, self.stages_since = stages, now
        self.stages_version += 1
        return past

    def require_active(self) -> None:
        """Raise `MethodWithdrawn` if the method may not be chosen any more."""
        if not self.active:
            raise MethodWithdrawn(name=self.name)

    def withdraw(self) -> None:
        """Take the method out of the choice. Raises `DefaultMethodNeeded` for the default."""
        if self.is_default:
            raise DefaultMethodNeeded
        self.active = False

    def make_default(self) -> None:
        """Let new opportunities take this method. Raises `MethodWithdrawn`."""
        self.require_active()
        self.is_default = True


class MethodVersion(TenantRow, Base):
    """Stages that a method had before; never changed. The newest ones are the method's own."""

    __tablename__ = "method_versions"
    __table_args__ = (
        UniqueConstraint("tenant_id", "method_id", "number"),
        ForeignKeyConstraint(["tenant_id", "method_id"], ["methods.tenant_id", "methods.id"]),
    )

    method_id: Mapped[UUID]
    number: Mapped[int]
    stages: Mapped[tuple[Stage, ...]] = mapped_column(StagesColumn())
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]
    superseded_by: Mapped[str]

"""The product file, and the rules about its data (1.4, point 5)."""

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Numeric,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from kehu_kernel import business_day
from kehu_kernel.columns import Aggregate, TenantRow
from kehu_service_desk.db import Base
from kehu_service_desk.product_files.errors import (
    ProductDataFrozen,
    ProductFileAlreadyRegistered,
    ProductFileWithdrawn,
)

CHANGEABLE_WHEN_REGISTERED = frozenset(
    {"warranty_until", "last_maintained_on", "next_maintenance_on"}
)


class ProductFile(Aggregate, Base):
    """A product in a customer's hands: a draft until it is registered, then frozen.

    After registration only warranty end, last and next maintenance day change (1.4, point 5).

    One made from a delivery names the project and the contract it came from; `delivery_item` counts
    what one delivery made, from 1. When the delivery is taken back, an untouched file is withdrawn:
    it counts no more, and its serial number is free; of one that was worked with, only the day is
    noted.
    """

    label_zh = "产品档案"
    __tablename__ = "product_files"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customer_refs.tenant_id", "customer_refs.id"]
        ),
        CheckConstraint(
            "num_nulls(withdrawn_on, withdraw_reason) IN (0, 2)"
            " AND (withdrawn_on IS NULL OR delivery_reversed_on IS NOT NULL)",
            "withdrawn",
        ),
        Index(
            "uq_product_files_tenant_id_serial_number", "tenant_id", "serial_number", unique=True,
            postgresql_where=text("serial_number IS NOT NULL AND delivery_reversed_on IS NULL"),
        ),
        Index(
            "ix_product_files_delivery", "tenant_id", "delivery_id", "delivery_item", unique=True,
            postgresql_where=text("delivery_id IS NOT NULL"),
        ),
        Index(
            "ix_product_files_project", "tenant_id", "project_id",
            postgresql_where=text("project_id IS NOT NULL"),
        ),
        Index(
            "ix_product_files_contract", "tenant_id", "contract_id",
            postgresql_where=text("contract_id IS NOT NULL"),
        ),
        Index("ix_product_files_created_at", "tenant_id", "created_at", "id"),
        Index("ix_product_files_name", "tenant_id", "product_name", "id"),
        Index("ix_product_files_customer", "tenant_id", "customer_id", "product_name", "id"),
        Index("ix_product_files_warranty", "tenant_id", "warranty_until", "id"),
        Index("ix_product_files_maintenance", "tenant_id", "next_maintenance_on", "id"),
    )  # fmt: skip

    number: Mapped[str]
    customer_id: Mapped[UUID]
    product_id: Mapped[UUID | None]
    product_code: Mapped[str | None]
    product_name: Mapped[str]
    serial_number: Mapped[str | None]
    # Without a fixed scale: "6" pieces stay "6" in answers and events.
    quantity: Mapped[Decimal] = mapped_column(Numeric())
    service_enabled: Mapped[bool]
    delivered_on: Mapped[date]
    registered_on: Mapped[date | None]
    warranty_until: Mapped[date | None]
    last_maintained_on: Mapped[date | None]
    next_maintenance_on: Mapped[date | None]
    spare_part: Mapped[bool | None]
    service_life_until: Mapped[date | None]
    project_id: Mapped[UUID | None]
    contract_id: Mapped[UUID | None]
    delivery_id: Mapped[UUID | None]
    delivery_item: Mapped[int | None]
    delivery_reversed_on: Mapped[date | None]
    withdrawn_on: Mapped[date | None]
    withdraw_reason: Mapped[str | None]

    @property
    def registered(self) -> bool:
        """Whether the product data is frozen."""
        return self.registered_on is not None

    def in_warranty(self, day: date) -> bool:
        """Whether the warranty covers that day, the last one included; no day once withdrawn."""
        if self.warranty_until is None or self.withdrawn_on is not None:
            return False
        return self.delivered_on <= day <= self.warranty_until

    def check_days(self, today: date) -> None:
        """Check that the days follow each other.

        Raises `DateInFuture` for a delivery or maintenance that has not happened yet,
        `DateBeforePrevious` for a warranty or maintenance before the delivery, and for a next
        maintenance before the last.
        """
        business_day.happened(self.delivered_on, today)
        business_day.happened(self.last_maintained_on, today)
        for later, earlier in (
            (self.warranty_until, self.delivered_on),
            (self.last_maintained_on, self.delivered_on),
            (self.next_maintenance_on, self.last_maintained_on or self.delivered_on),
        ):
            if later is not None:
                business_day.follows(later, earlier)

    def change(self, values: Mapping[str, object], today: date) -> None:
        """Take new values.

        Raises `ProductFileWithdrawn`, `ProductDataFrozen`, naming the fields, and what days raise.
        """
        self.require_standing()
        new = {name: value for name, value in values.items() if getattr(self, name) != value}
        frozen = sorted(new.keys() - CHANGEABLE_WHEN_REGISTERED)
        if self.registered and frozen:
            raise ProductDataFrozen(number=self.number, fields=frozen, extra={"fields": frozen})
        for name, value in new.items():
            setattr(self, name, value)
        self.check_days(today)

    def register(self, on: date) -> None:
        """Freeze the product data. Raises `ProductFileAlreadyRegistered`, `DateBeforePrevious`."""
        if self.registered:
            raise ProductFileAlreadyRegistered(number=self.number)
        business_day.follows(on, self.delivered_on)
        self.registered_on = on

    def require_standing(self) -> None:
        """Raise `ProductFileWithdrawn` if its delivery was taken back."""
        if self.withdrawn_on is not None:
            raise ProductFileWithdrawn(number=self.number)

    def reverse_delivery(self, on: date, reason: str, *, touched: bool) -> None:
        """Follow a delivery that was taken back: withdraw it, unless it was worked with already."""
        self.delivery_reversed_on = on
        if not touched:
            self.withdrawn_on, self.withdraw_reason = on, reason

    def maintain(self, on: date) -> None:
        """Note that the product was worked on; a next maintenance that was due by then is done.

        Work entered late never moves the last maintenance back.
        """
        if self.last_maintained_on is None or self.last_maintained_on < on:
            self.last_maintained_on = on
        if self.next_maintenance_on is not None and self.next_maintenance_on <= on:
            self.next_maintenance_on = None


def last_day(start: date, months: int) -> date:
    """Return the last day of a period of months that begins with `start`.

    From 28 July 2026 on, 36 months end with 27 July 2029. Where the month has no such day, they end
    with its last one: from 31 January on, a month ends with 28 February.
    """
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    length = monthrange(year, month + 1)[1]
    if start.day > length:
        return date(year, month + 1, length)
    return date(year, month + 1, start.day) - timedelta(days=1)


class ProductFilePart(TenantRow, Base):
    """A part that was fitted into a product when a request was handled. Never changed."""

    __tablename__ = "product_file_parts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "product_file_id"], ["product_files.tenant_id", "product_files.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "request_id"], ["requests.tenant_id", "requests.id"]),
        Index("ix_product_file_parts_file", "tenant_id", "product_file_id", "fitted_on", "id"),
        Index("ix_product_file_parts_request", "tenant_id", "request_id"),
    )

    product_file_id: Mapped[UUID]
    request_id: Mapped[UUID]
    product_name: Mapped[str]
    quantity: Mapped[Decimal] = mapped_column(Numeric())
    serial_number: Mapped[str | None]
    fitted_on: Mapped[date]

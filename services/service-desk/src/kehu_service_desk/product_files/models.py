"""The product file, and the rules about its data (1.4, point 5)."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kehu_kernel import business_day
from kehu_kernel.columns import Aggregate, TenantRow
from kehu_service_desk.db import Base
from kehu_service_desk.product_files.errors import (
    ProductDataFrozen,
    ProductFileAlreadyRegistered,
)

CHANGEABLE_WHEN_REGISTERED = frozenset(
    {"warranty_until", "last_maintained_on", "next_maintenance_on"}
)


class ProductFile(Aggregate, Base):
    """A product in a customer's hands: a draft until it is registered, then frozen.

    After registration only warranty end, last and next maintenance day change (1.4, point 5).
    """

    label_zh = "产品档案"
    __tablename__ = "product_files"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        UniqueConstraint("tenant_id", "serial_number"),
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customer_refs.tenant_id", "customer_refs.id"]
        ),
        Index("ix_product_files_created_at", "tenant_id", "created_at", "id"),
        Index("ix_product_files_name", "tenant_id", "product_name", "id"),
        Index("ix_product_files_customer", "tenant_id", "customer_id", "product_name", "id"),
        Index("ix_product_files_warranty", "tenant_id", "warranty_until", "id"),
        Index("ix_product_files_maintenance", "tenant_id", "next_maintenance_on", "id"),
    )

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

    @property
    def registered(self) -> bool:
        """Whether the product data is frozen."""
        return self.registered_on is not None

    def in_warranty(self, day: date) -> bool:
        """Whether the warranty covers that day; its last day is included."""
        return self.warranty_until is not None and self.delivered_on <= day <= self.warranty_until

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
        """Take new values. Raises `ProductDataFrozen`, naming the fields, and what days raise."""
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

    def maintain(self, on: date) -> None:
        """Note that the product was worked on; a next maintenance that was due by then is done.

        Work entered late never moves the last maintenance back.
        """
        if self.last_maintained_on is None or self.last_maintained_on < on:
            self.last_maintained_on = on
        if self.next_maintenance_on is not None and self.next_maintenance_on <= on:
            self.next_maintenance_on = None


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

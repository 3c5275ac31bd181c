"""The delivery: lines of a project that reached the customer on a day."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kehu_kernel import business_day
from kehu_kernel.columns import Aggregate, TenantRow
from kehu_sales.db import Base
from kehu_sales.deliveries.errors import DeliveryIsReversed, SerialNumbersDiffer
from kehu_sales.products.models import Product
from kehu_sales.projects.models import ProjectLine
from kehu_sales.projects.parts import Values


class DeliveryState(StrEnum):
    """Delivered, or taken back as a whole."""

    DELIVERED = "delivered"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class Delivered:
    """One product that was delivered, with what that means to the service desk, as of that day."""

    line_number: int
    product_id: UUID
    product_code: str
    product_name: str
    quantity: Decimal
    serial_numbers: tuple[str, ...]
    service_enabled: bool
    creates_product_file: bool
    spare_part: bool
    service_life_months: int | None
    warranty_months: int | None

    @classmethod
    def of(
        cls, line: ProjectLine, product: Product, quantity: Decimal, serials: tuple[str, ...]
    ) -> "Delivered":
        """Return what is delivered of a line. Raises `SerialNumbersDiffer`."""
        if serials and len(set(serials)) != quantity:
            raise SerialNumbersDiffer(line=line.line_number, quantity=format(quantity, "f"))
        return cls(
            line_number=line.line_number,
            product_id=line.product_id,
            product_code=product.code,
            product_name=line.product_name,
            quantity=quantity,
            serial_numbers=serials,
            service_enabled=product.service_enabled,
            creates_product_file=product.creates_product_file,
            spare_part=product.spare_part,
            service_life_months=product.service_life_months,
            warranty_months=product.warranty_months,
        )


class ProjectDelivery(Aggregate, Base):
    """Lines that were delivered together. Never changed; only taken back as a whole.

    `customer_id` is the customer as of the day it was taken down (ADR 0018).
    """

    label_zh = "交付单"
    __tablename__ = "project_deliveries"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        ForeignKeyConstraint(["tenant_id", "project_id"], ["projects.tenant_id", "projects.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "customer_id"], ["customer_refs.tenant_id", "customer_refs.id"]
        ),
        CheckConstraint(
            "state IN ('delivered', 'reversed')"
            " AND num_nulls(reversed_on, reverse_reason)"
            " = CASE WHEN state = 'reversed' THEN 0 ELSE 2 END",
            "state",
        ),
        CheckConstraint("reversed_on >= delivered_on", "days"),
        Index("ix_project_deliveries_created_at", "tenant_id", "created_at", "id"),
        Index("ix_project_deliveries_project", "tenant_id", "project_id"),
        Index("ix_project_deliveries_contract", "tenant_id", "contract_id"),
        Index("ix_project_deliveries_customer", "tenant_id", "customer_id", "created_at", "id"),
    )

    number: Mapped[str]
    project_id: Mapped[UUID]
    contract_id: Mapped[UUID | None]
    customer_id: Mapped[UUID]
    employee_id: Mapped[UUID | None]
    delivered_on: Mapped[date]
    receiver: Mapped[str | None]
    lines: Mapped[tuple[Delivered, ...]] = mapped_column(Values(Delivered))
    state: Mapped[str]
    reversed_on: Mapped[date | None]
    reverse_reason: Mapped[str | None]

    def require_standing(self) -> None:
        """Raise `DeliveryIsReversed` if it was taken back."""
        if self.state != DeliveryState.DELIVERED:
            raise DeliveryIsReversed(number=self.number)

    def reverse(self, on: date, reason: str) -> None:
        """Take it back as a whole (冲销). Raises `DeliveryIsReversed`, `DateBeforePrevious`."""
        self.require_standing()
        business_day.follows(on, self.delivered_on)
        self.state, self.reversed_on, self.reverse_reason = DeliveryState.REVERSED, on, reason


class DeliveredSerial(TenantRow, Base):
    """A serial number of a product that is in a customer's hands: the database holds each once."""

    __tablename__ = "delivered_serials"
    __table_args__ = (
        UniqueConstraint("tenant_id", "serial_number"),
        ForeignKeyConstraint(
            ["tenant_id", "delivery_id"], ["project_deliveries.tenant_id", "project_deliveries.id"]
        ),
        Index("ix_delivered_serials_delivery", "tenant_id", "delivery_id"),
    )

    delivery_id: Mapped[UUID]
    serial_number: Mapped[str]

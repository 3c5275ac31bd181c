"""What a visit is about, when it is and whose: the same of one visit and of a series (S5)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Uuid
from sqlalchemy.orm import Mapped, mapped_column


class Plan:
    """Columns of what is planned. Times are moments; days are cut in the tenant's time zone."""

    type_code: Mapped[str]
    customer_id: Mapped[UUID]
    opportunity_id: Mapped[UUID | None]
    contact_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    purpose: Mapped[str]
    customer_value: Mapped[str | None]
    mode: Mapped[str]
    host: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    place: Mapped[str | None]
    city: Mapped[str | None]
    business_trip: Mapped[bool]
    owner_id: Mapped[UUID | None]
    department_id: Mapped[UUID | None]
    observer_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    remind_minutes: Mapped[int | None]

    def hand_over(self, owner_id: UUID, department_id: UUID | None) -> None:
        """Give what is to come to another employee; what was consented to stays so."""
        self.owner_id, self.department_id = owner_id, department_id
        self.observer_ids = [one for one in self.observer_ids if one != owner_id]

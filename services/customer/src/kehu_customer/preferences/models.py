"""The preferences of a tenant, and what holds where the tenant has decided nothing."""

import phonenumbers
from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped

from kehu_customer.db import Base
from kehu_customer.preferences.errors import UnknownRegion
from kehu_kernel.columns import Aggregate

DEFAULT_PHONE_REGION = "CN"


class Preferences(Aggregate, Base):
    """What a tenant has decided: one row at most. Without one, the defaults hold, as version 0.

    `phone_region` is the region (ISO 3166, two letters) of numbers that are typed without a
    country code.
    """

    label_zh = "偏好设置"
    __tablename__ = "preferences"
    __table_args__ = (UniqueConstraint("tenant_id"),)

    phone_region: Mapped[str]

    def use_phone_region(self, region: str) -> None:
        """Read numbers without a country code as those of a region. Raises `UnknownRegion`.

        Numbers that are on record stay as they were read.
        """
        if region not in phonenumbers.SUPPORTED_REGIONS:
            raise UnknownRegion(region=region)
        self.phone_region = region

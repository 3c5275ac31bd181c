"""The rules of a product file."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kehu_kernel.business_day import DateBeforePrevious, DateInFuture
from kehu_service_desk.product_files.errors import (
    ProductDataFrozen,
    ProductFileAlreadyRegistered,
)
from kehu_service_desk.product_files.models import (
    CHANGEABLE_WHEN_REGISTERED,
    ProductFile,
    last_day,
)

DELIVERED = date(2026, 7, 28)
TODAY = date(2026, 11, 20)
DAYS = st.dates(DELIVERED, DELIVERED + timedelta(days=400))


def product_file(**fields: object) -> ProductFile:
    """Return a product file: a draft unless `registered_on` is given."""
    defaults: dict[str, object] = {
        "id": uuid4(),
        "number": "PF-2026-000001",
        "customer_id": uuid4(),
        "product_name": "GTX Pro 工业服务器",
        "quantity": Decimal(1),
        "service_enabled": True,
        "delivered_on": DELIVERED,
    }
    return ProductFile(**defaults | fields)


class TestWarranty:
    @pytest.mark.parametrize(
        ("day", "covered"),
        [
            (DELIVERED - timedelta(days=1), False),
            (DELIVERED, True),
            (date(2027, 7, 27), True),
            (date(2027, 7, 28), False),
        ],
    )
    def test_covers_its_first_and_last_day(self, day: date, *, covered: bool) -> None:
        assert product_file(warranty_until=date(2027, 7, 27)).in_warranty(day) is covered

    def test_without_one(self) -> None:
        assert not product_file().in_warranty(DELIVERED)

    def test_before_the_delivery(self) -> None:
        with pytest.raises(DateBeforePrevious):
            product_file().change({"warranty_until": DELIVERED - timedelta(days=1)}, TODAY)


class TestRegister:
    def test_freezes(self) -> None:
        file = product_file()
        file.register(TODAY)
        assert file.registered
        assert file.registered_on == TODAY

    def test_twice(self) -> None:
        with pytest.raises(ProductFileAlreadyRegistered):
            product_file(registered_on=TODAY).register(TODAY)

    def test_before_the_delivery(self) -> None:
        with pytest.raises(DateBeforePrevious):
            product_file().register(DELIVERED - timedelta(days=1))


class TestChange:
    def test_a_draft_takes_everything(self) -> None:
        file = product_file()
        file.change({"product_name": "新", "quantity": Decimal("2.5")}, TODAY)
        assert (file.product_name, file.quantity) == ("新", Decimal("2.5"))

    def test_a_registered_one_names_what_is_frozen(self) -> None:
        file = product_file(registered_on=TODAY)
        with pytest.raises(ProductDataFrozen) as refused:
            file.change(
                {"warranty_until": TODAY, "serial_number": "S-1", "product_name": "新"}, TODAY
            )
        assert refused.value.extra == {"fields": ["product_name", "serial_number"]}
        assert "产品名称、序列号" in refused.value.message("zh")
        assert file.warranty_until is None

    def test_a_registered_one_may_be_sent_what_it_is(self) -> None:
        file = product_file(registered_on=TODAY)
        file.change({"product_name": file.product_name, "next_maintenance_on": TODAY}, TODAY)
        assert file.next_maintenance_on == TODAY

    @given(st.sampled_from(sorted(ProductFile.__table__.columns.keys())))
    def test_exactly_three_fields_stay_open(self, name: str) -> None:
        file = product_file(registered_on=TODAY)
        if name in CHANGEABLE_WHEN_REGISTERED:
            file.change({name: TODAY}, TODAY)
            assert getattr(file, name) == TODAY
        else:
            with pytest.raises(ProductDataFrozen):
                file.change({name: object()}, TODAY)

    @pytest.mark.parametrize("field", ["delivered_on", "last_maintained_on"])
    def test_what_has_not_happened_yet(self, field: str) -> None:
        with pytest.raises(DateInFuture):
            product_file().change({field: TODAY + timedelta(days=1)}, TODAY)

    @given(last=st.none() | DAYS, next_=st.none() | DAYS)
    def test_next_maintenance_never_lies_before_the_last(
        self, last: date | None, next_: date | None
    ) -> None:
        file, today = product_file(), DELIVERED + timedelta(days=400)
        values = {"last_maintained_on": last, "next_maintenance_on": next_}
        if last is not None and next_ is not None and next_ < last:
            with pytest.raises(DateBeforePrevious):
                file.change(values, today)
        else:
            file.change(values, today)


class TestMaintain:
    @given(last=st.none() | DAYS, gap=st.none() | st.integers(0, 100), on=DAYS)
    def test_keeps_the_days_in_order(self, last: date | None, gap: int | None, on: date) -> None:
        due = None if gap is None else (last or DELIVERED) + timedelta(days=gap)
        file = product_file(last_maintained_on=last, next_maintenance_on=due)
        file.maintain(on)
        assert file.last_maintained_on == max(on, last or on)
        assert file.next_maintenance_on == (due if due is not None and due > on else None)
        file.check_days(DELIVERED + timedelta(days=400))


@pytest.mark.parametrize(
    ("start", "months", "last"),
    [
        ("2026-07-28", 36, "2029-07-27"),
        ("2026-01-01", 12, "2026-12-31"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2026-12-15", 1, "2027-01-14"),
    ],
)
def test_the_last_day_of_a_warranty_is_included(start: str, months: int, last: str) -> None:
    assert last_day(date.fromisoformat(start), months) == date.fromisoformat(last)

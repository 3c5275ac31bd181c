"""What may become of a request for samples (1.3, item 5)."""

from datetime import date

import pytest

from kehu_kernel.business_day import DateBeforePrevious
from kehu_sales.samples.errors import SampleIsOut, SampleNotReady
from kehu_sales.samples.models import COUNTING, Sample, SampleState

DAY = date(2026, 3, 2)


def sample(state: str, **fields: object) -> Sample:
    return Sample(number="SAMP-2026-000001", state=state, requested_on=DAY, **fields)


class TestApproval:
    @pytest.mark.parametrize(
        ("approval", "state"),
        [("waiting", "requested"), ("approved", "approved"), ("rejected", "rejected"),
         ("revoked", "rejected"), ("withdrawn", "cancelled")],
    )  # fmt: skip
    def test_is_followed(self, approval: str, state: str) -> None:
        one = sample("requested")
        one.follow(approval)
        assert one.state == state

    @pytest.mark.parametrize("state", ["delivered", "returned", "kept", "cancelled", "rejected"])
    def test_is_not_taken_back_from_what_is_out_or_over(self, state: str) -> None:
        one = sample(state)
        with pytest.raises(SampleIsOut):
            one.follow("revoked")
        assert one.state == state


class TestDelivery:
    def test_counts_in_the_stage_the_opportunity_is_in_then(self) -> None:
        one = sample("approved")
        one.deliver(DAY, "bid")
        assert (one.state, one.stage_code, one.delivered_on) == ("delivered", "bid", DAY)

    def test_not_before_the_request(self) -> None:
        one = sample("approved")
        with pytest.raises(DateBeforePrevious):
            one.deliver(date(2026, 3, 1), "bid")
        assert one.state == "approved"

    @pytest.mark.parametrize("state", sorted(set(SampleState) - {"approved"}))
    def test_only_of_what_was_approved(self, state: str) -> None:
        with pytest.raises(SampleNotReady):
            sample(state).deliver(DAY, "bid")
        with pytest.raises(SampleNotReady):
            sample(state).cancel(DAY, "x")

    @pytest.mark.parametrize("state", sorted(set(SampleState) - {"delivered"}))
    def test_only_what_was_delivered_comes_back_or_is_kept(self, state: str) -> None:
        for end in (Sample.give_back, Sample.keep):
            with pytest.raises(SampleNotReady):
                end(sample(state), DAY, None)

    def test_what_the_customer_has_had_counts(self) -> None:
        one = sample("delivered", delivered_on=DAY)
        one.give_back(DAY, None)
        assert one.state in COUNTING
        assert "approved" not in COUNTING

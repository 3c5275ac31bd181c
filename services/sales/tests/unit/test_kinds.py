from itertools import product

import pytest

from kehu_sales.methods.stages import Kind
from kehu_sales.opportunities.kinds import kind_of
from kehu_sales.opportunities.words import Status

FALLEN = (Status.LOST, Status.EVALUATION_FAILED, Status.POOLED)
STAGE_KINDS = (None, *Kind)
EVERYTHING = [*product(Status, (False, True), STAGE_KINDS)]


@pytest.mark.parametrize(("status", "confirmed", "stage_kind"), EVERYTHING)
class TestWhateverItsStateConfirmationAndStage:
    def test_only_a_won_one_is_successful(
        self, status: Status, confirmed: bool, stage_kind: Kind | None
    ) -> None:
        kind = kind_of(status, confirmed=confirmed, stage_kind=stage_kind)
        assert (kind is Kind.SUCCESSFUL) is (status is Status.WON)

    def test_what_failed_was_lost_or_is_kept_is_potential_again(
        self, status: Status, confirmed: bool, stage_kind: Kind | None
    ) -> None:
        if status in FALLEN:
            kind = kind_of(status, confirmed=confirmed, stage_kind=stage_kind)
            assert kind is Kind.POTENTIAL

    def test_a_confirmed_one_under_way_is_effective_at_least(
        self, status: Status, confirmed: bool, stage_kind: Kind | None
    ) -> None:
        if status not in FALLEN and confirmed:
            kind = kind_of(status, confirmed=True, stage_kind=stage_kind)
            assert kind is not Kind.POTENTIAL

    def test_before_it_is_in_progress_no_stage_counts(
        self, status: Status, confirmed: bool, stage_kind: Kind | None
    ) -> None:
        if status in (Status.NOT_EVALUATED, Status.IN_EVALUATION):
            expected = Kind.EFFECTIVE if confirmed else Kind.POTENTIAL
            assert kind_of(status, confirmed=confirmed, stage_kind=stage_kind) is expected


@pytest.mark.parametrize(
    ("stage_kind", "confirmed", "expected"),
    [
        (Kind.POTENTIAL, False, Kind.POTENTIAL),
        (Kind.POTENTIAL, True, Kind.EFFECTIVE),
        (Kind.FEASIBLE, False, Kind.FEASIBLE),
        (Kind.TARGET, True, Kind.TARGET),
        (None, False, Kind.EFFECTIVE),
    ],
)
def test_in_progress_it_is_what_its_stage_stands_for(
    stage_kind: Kind | None, confirmed: bool, expected: Kind
) -> None:
    assert kind_of("in_progress", confirmed=confirmed, stage_kind=stage_kind) is expected

"""The storm finds no broken promise; with a planted bug, the same storm does."""

import re
from collections.abc import Callable

import pytest

from faults.planted import bugs
from faults.planted.storm import Storm
from kehu_kernel.testing.events import EventDatabase

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]  # the machine may be busy
Plant = Callable[[Storm, pytest.MonkeyPatch], None]

FOUND_AS: dict[Plant, str] = {
    bugs.relay_remembers_the_last_id: "lost:",
    bugs.two_relays_skip_locked_rows: "inversion:",
    bugs.relay_marks_before_it_sends: "lost:",
    bugs.relay_passes_over_a_failed_event: "inversion:",
    bugs.offset_committed_before_the_database: "handler: no effect:",
    bugs.inbox_before_the_effect: "handler: no effect:",
    bugs.inbox_after_the_effect: r"handler: \d+ effects:",
    bugs.projection_without_sequence_guard: "projection: effect of nothing:",
    bugs.projection_without_compare_and_set: "fold: effect of nothing:",
    bugs.event_in_another_transaction: "0 events:",
}
"""What each bug breaks, in the words of the checks."""


@pytest.fixture
def storm(events: EventDatabase, bootstrap: str, tenant: str, seed: int) -> Storm:
    return Storm(events, bootstrap, tenant, seed)


async def test_every_promise_holds(storm: Storm, monkeypatch: pytest.MonkeyPatch) -> None:
    storm.patience = 60  # nothing may be lost, however slow the machine is
    books = await storm.rage(monkeypatch)
    assert books.violations() == []
    assert len(books.outbox) > 400
    assert len(storm.fate.struck) > 6, f"hardly anything happened: {storm.fate.struck}"


@pytest.mark.parametrize("plant", FOUND_AS, ids=lambda plant: plant.__name__)
async def test_a_planted_bug_is_found(
    storm: Storm, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(storm, monkeypatch)
    books = await storm.rage(monkeypatch)
    assert len(books.published) > len(books.outbox) / 2, "it stopped everything: no bug to look for"
    violations = books.violations()
    kinds = [one for one in violations if re.match(FOUND_AS[plant], one)]
    assert kinds, f"not found; what was: {violations[:5]}, {storm.fate.struck}"

"""The history's checks find what they are for, and nothing in a true history."""

from uuid import UUID

import pytest

from faults.checks import Published
from faults.history import (
    Attempt,
    Converted,
    Operation,
    Outcome,
    differences,
    different_answers,
    forgotten_keys,
    gaps,
    newest_versions,
    outcome_of,
    shared_keys,
    strangers,
    summary,
    trace_of,
    unanswered,
    wrong_conversions,
    wrong_effects,
)

CREATED = "customer.customer-created.v1"


def trace(number: int) -> str:
    return f"{number:032x}"


def published(
    number: int,
    *,
    by: int,
    key: str = "c1",
    sequence: int = 1,
    type_: str = CREATED,
    tenant: str = "a",
    offset: int | None = None,
) -> Published:
    """Event `number`, caused by attempt `by`."""
    return Published(
        topic="kehu-customer-events",
        partition=0,
        offset=number if offset is None else offset,
        key=key,
        tenant_id=tenant,
        event_id=UUID(int=number),
        type=type_,
        sequence=sequence,
        headers=(("traceparent", f"00-{trace(by)}-{1:016x}-00".encode()),),
        value=b"{}",
    )


def attempt(
    number: int,
    outcome: Outcome = Outcome.OK,
    *,
    key: str = "c1",
    etag: str | None = '"1"',
    final: bool = False,
) -> Attempt:
    ok = outcome is Outcome.OK
    return Attempt(
        trace(number),
        0.0,
        outcome=outcome,
        status={Outcome.OK: 201, Outcome.FAILED: 409, Outcome.UNKNOWN: None}[outcome],
        etag=etag if ok else None,
        body={"id": key} if ok else None,
        final=final,
    )


def operation(*attempts: Attempt, tenant: str = "a", name: str = "create") -> Operation:
    path = "/customer/v1/customers"
    return Operation(1, tenant, name, "POST", path, {}, "k", CREATED, list(attempts))


OK, FAILED, UNKNOWN = Outcome.OK, Outcome.FAILED, Outcome.UNKNOWN


class TestOutcomes:
    @pytest.mark.parametrize(
        ("status", "code", "detail", "outcome"),
        [
            (201, None, "", OK),
            (202, None, "", OK),
            (409, "already-trade-customer", "", FAILED),
            (409, "idempotency-key-in-use", "", FAILED),
            (
                503,
                "overloaded",
                "At the limit. Nothing was done; try again.",
                FAILED,
            ),
            (503, "issuer-unavailable", "The token cannot be checked right now.", FAILED),
            (503, "outcome-unknown", "The database did not confirm the change.", UNKNOWN),
            (500, "internal-error", "", UNKNOWN),
            (502, "service-unreachable", "", UNKNOWN),
            (504, "service-too-slow", "", UNKNOWN),
        ],
    )
    def test_an_answer_is_taken_at_its_word(
        self, status: int, code: str | None, detail: str, outcome: Outcome
    ) -> None:
        assert outcome_of(status, code, detail) is outcome

    @pytest.mark.parametrize(
        ("outcomes", "together"),
        [
            ([UNKNOWN, OK], OK),
            ([OK, UNKNOWN, FAILED], OK),
            ([FAILED, FAILED], FAILED),
            ([UNKNOWN, FAILED], UNKNOWN),
        ],
    )
    def test_a_refusal_says_nothing_about_an_earlier_attempt(
        self, outcomes: list[Outcome], together: Outcome
    ) -> None:
        attempts = [attempt(number, one) for number, one in enumerate(outcomes)]
        assert operation(*attempts).outcome is together

    def test_are_counted(self) -> None:
        history = [operation(attempt(1)), operation(attempt(2, UNKNOWN), attempt(3, UNKNOWN))]
        assert summary(history) == "2 commands (1 ok, 0 failed, 1 unknown) in 3 attempts"


class TestEffects:
    def test_a_true_history_is_accepted(self) -> None:
        history = [
            operation(attempt(1, UNKNOWN), attempt(2, key="c1")),
            operation(attempt(3, FAILED)),
            operation(attempt(4, UNKNOWN)),
            operation(attempt(5, UNKNOWN)),
        ]
        # The relay sent the first event twice; the fifth command was done, the fourth was not.
        events = [
            published(1, by=1),
            published(1, by=1, offset=7),
            published(2, by=5, key="c5"),
        ]
        assert wrong_effects(history, events) == []

    def test_events_of_another_type_are_later_effects_of_the_same_request(self) -> None:
        later = published(2, by=1, sequence=2, type_="customer.customer-changed.v1")
        assert wrong_effects([operation(attempt(1))], [published(1, by=1), later]) == []

    def test_an_acknowledged_command_that_is_lost_is_found(self) -> None:
        assert "acknowledged, and lost" in wrong_effects([operation(attempt(1))], [])[0]

    @pytest.mark.parametrize(("to", "lost"), [("fang", 0), ("lei", 1)])
    def test_a_hand_over_to_the_present_owner_changes_nothing(self, to: str, lost: int) -> None:
        answered = attempt(2)
        answered.body = {"id": "c1", "owner_id": "fang"}
        repeated = operation(attempt(1, UNKNOWN), answered, name="customer.hand-over")
        repeated.request = {"owner_id": to}
        assert len(wrong_effects([repeated], [])) == lost

    def test_a_repeated_command_that_is_done_twice_is_found(self) -> None:
        history = [operation(attempt(1, UNKNOWN), attempt(2))]
        events = [published(1, by=1), published(2, by=2, key="c2")]
        assert "done 2 times" in wrong_effects(history, events)[0]

    def test_an_unknown_command_that_is_done_twice_is_found(self) -> None:
        history = [operation(attempt(1, UNKNOWN), attempt(2, UNKNOWN))]
        events = [published(1, by=1), published(2, by=2, key="c2")]
        assert "done 2 times" in wrong_effects(history, events)[0]

    def test_a_refused_command_that_is_done_is_found(self) -> None:
        found = wrong_effects([operation(attempt(1, FAILED))], [published(1, by=1)])
        assert "refused, and done" in found[0]

    @pytest.mark.parametrize(
        "event",
        [
            published(1, by=1, key="other"),
            published(1, by=1, sequence=2),
            published(1, by=1, tenant="b"),
        ],
    )
    def test_an_answer_that_tells_something_else_is_found(self, event: Published) -> None:
        assert "answered" in wrong_effects([operation(attempt(1))], [event])[0]

    def test_an_event_without_a_trace_belongs_to_nobody(self) -> None:
        event = published(1, by=1)
        assert trace_of(event) == trace(1)
        bare = Published(
            **{name: getattr(event, name) for name in Published.__slots__} | {"headers": ()}
        )
        assert trace_of(bare) is None


class TestKeys:
    def test_equal_answers_are_accepted(self) -> None:
        assert different_answers([operation(attempt(1), attempt(2), attempt(3, FAILED))]) == []

    @pytest.mark.parametrize("other", [attempt(2, key="c2"), attempt(2, etag='"2"')])
    def test_different_answers_are_found(self, other: Attempt) -> None:
        assert "2 different answers" in different_answers([operation(attempt(1), other)])[0]

    def test_a_forgotten_key_is_found(self) -> None:
        history = [operation(attempt(1, UNKNOWN), attempt(2, FAILED, final=True))]
        assert "not known any more" in forgotten_keys(history, [published(1, by=1)])[0]
        assert forgotten_keys(history, []) == []

    def test_silence_after_the_faults_is_found(self) -> None:
        history = [operation(attempt(1, UNKNOWN), attempt(2, UNKNOWN, final=True))]
        assert "no answer after the faults" in unanswered(history)[0]
        assert unanswered([operation(attempt(1, UNKNOWN), attempt(2, OK, final=True))]) == []


class TestCopies:
    def test_equal_copies_are_accepted(self) -> None:
        assert differences("copy", {1: "x"}, {1: "x"}) == []

    @pytest.mark.parametrize(
        ("copy", "why"),
        [({}, "is missing"), ({1: "x", 2: "y"}, "should not be there"), ({1: "y"}, "should be x")],
    )
    def test_differences_are_found(self, copy: dict[int, str], why: str) -> None:
        assert why in differences("copy", {1: "x"}, copy)[0]

    def test_newest_versions_are_the_highest_sequences(self) -> None:
        events = [published(1, by=1), published(2, by=2, sequence=2), published(1, by=1, offset=9)]
        assert newest_versions(events) == {("a", "c1"): 2}


class TestConversions:
    @staticmethod
    def asked() -> Operation:
        asked = operation(attempt(1), name="convert")
        asked.attempts[0].body = {"lead_id": "l1"}
        return asked

    GOOD = Converted("a", "l1", "completed", ("c", "p", "o"), (("c",), ("p",), ("o",)))

    def check(self, *conversions: Converted) -> list[str]:
        return wrong_conversions([self.asked()], conversions, asked="convert")

    def test_one_of_each_is_accepted(self) -> None:
        assert self.check(self.GOOD) == []

    @pytest.mark.parametrize(
        "other",
        [
            Converted("a", "l1", "completed", ("c", "p", "o"), (("c",), ("p",), ("o", "o2"))),
            Converted("a", "l1", "completed", ("c", "p", "o"), ((), ("p",), ("o",))),
            Converted("a", "l1", "completed", ("c", None, "o"), (("c",), ("p",), ("o",))),
            Converted("a", "l1", "contact_done", ("c", "p", None), (("c",), ("p",), ())),
            Converted("b", "l1", "completed", ("c", "p", "o"), (("c",), ("p",), ("o",))),
        ],
        ids=["two opportunities", "no customer", "no contact named", "not done", "other tenant"],
    )
    def test_anything_else_is_found(self, other: Converted) -> None:
        assert len(self.check(other)) == 1


class TestTenants:
    def test_a_tenants_own_data_is_accepted(self) -> None:
        rows = [("table", "a", "customer 1 of a-co"), ("table", "b", "customer 1 of b-co")]
        assert strangers({"a": "a-co", "b": "b-co"}, rows) == []

    def test_data_of_a_stranger_is_found(self) -> None:
        rows = [("table", "b", "customer 1 of a-co")]
        assert strangers({"a": "a-co", "b": "b-co"}, rows) == ["data of a in table of b"]

    def test_an_id_of_two_tenants_is_found(self) -> None:
        assert shared_keys([("a", "1"), ("a", "1"), ("b", "2")]) == []
        assert shared_keys([("a", "1"), ("b", "1")]) == ["1 belongs to ['a', 'b']"]


@pytest.mark.parametrize(
    ("numbers", "wrong"),
    [([2, 1, 3], False), ([1, 3], True), ([1, 2, 2], True), ([2, 3], True)],
    ids=["all", "gap", "repetition", "late start"],
)
def test_document_numbers_follow_one_another(numbers: list[int], wrong: bool) -> None:
    assert bool(gaps({("a", "QUO-2026"): numbers})) is wrong

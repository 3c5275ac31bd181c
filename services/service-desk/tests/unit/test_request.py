"""The states of a service request: what is allowed when, and what never happens."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kehu_kernel.business_day import DateBeforePrevious
from kehu_kernel.errors import DomainError
from kehu_service_desk.requests.dispatch import DispatchOrder
from kehu_service_desk.requests.errors import (
    DispatchAlreadyAnswered,
    HandlerHasNotAccepted,
    HandlerNotNamed,
    NoDispatchToAnswer,
    ReopenTooLate,
    RequestNotAssignable,
    RequestNotDispatchable,
    RequestNotDispatched,
    RequestNotHandled,
    RequestNotReopenable,
    RequiredDayPassed,
)
from kehu_service_desk.requests.models import ServiceRequest

DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
HANDLERS = [uuid4() for _ in range(3)]
WITHIN_DAYS = 14


def order_for(*handler_ids: UUID) -> DispatchOrder:
    """Return a new dispatch order."""
    return DispatchOrder.naming(
        handler_ids,
        request_id=uuid4(),
        number="DO-2026-000001",
        note=None,
        now=NOW,
        by="tester",
    )


def new_request(required_on: date | None = None) -> ServiceRequest:
    """Return a request that was just opened."""
    request = ServiceRequest(number="SR-2026-000001", required_on=required_on)
    request.open(DAY)
    return request


def request_at(status: str) -> tuple[ServiceRequest, DispatchOrder]:
    """Return a request taken as far as `status`, and its dispatch order to three handlers."""
    request, order = new_request(), order_for(*HANDLERS)
    steps: dict[str, Callable[[], object]] = {
        "assigned": lambda: request.assign(uuid4()),
        "dispatching": lambda: request.dispatch(order),
        "dispatched": lambda: request.accept(order, HANDLERS[0], "好", NOW),
        "handled": lambda: request.handle(order, HANDLERS[0], "已修", DAY),
        "closed": lambda: request.close("已修", satisfied=True, on=DAY, now=NOW),
    }
    for reached, step in steps.items():
        if request.status == status:
            break
        step()
        assert request.status == reached
    return request, order


class TestOpen:
    def test_required_day_has_passed(self) -> None:
        with pytest.raises(RequiredDayPassed):
            new_request(required_on=DAY - timedelta(days=1))

    def test_overdue_from_the_day_after(self) -> None:
        request = new_request(required_on=DAY)
        assert not request.overdue(DAY)
        assert request.overdue(DAY + timedelta(days=1))

    def test_closed_is_never_overdue(self) -> None:
        request, _ = request_at("closed")
        request.required_on = DAY
        assert not request.overdue(DAY + timedelta(days=9))


class TestRefusal:
    def test_of_one_leaves_it_to_the_others(self) -> None:
        request, order = request_at("dispatching")
        request.refuse(order, HANDLERS[0], "忙", NOW)
        assert (request.status, order.status) == ("dispatching", "open")

    def test_of_all_gives_it_back(self) -> None:
        request, order = request_at("dispatching")
        for handler in HANDLERS:
            request.refuse(order, handler, "忙", NOW)
        assert (request.status, request.handler_ids, order.status) == ("assigned", [], "refused")

    def test_after_another_accepted_changes_nothing(self) -> None:
        request, order = request_at("dispatched")
        request.refuse(order, HANDLERS[1], "忙", NOW)
        request.refuse(order, HANDLERS[2], "忙", NOW)
        assert (request.status, order.status) == ("dispatched", "open")


class TestReopen:
    @pytest.mark.parametrize("days", [0, WITHIN_DAYS])
    def test_closed_in_time(self, days: int) -> None:
        request, _ = request_at("closed")
        follower = request.follower_id
        request.reopen(DAY + timedelta(days=days), WITHIN_DAYS)
        assert (request.status, request.follower_id) == ("assigned", follower)
        assert (request.resolution, request.closed_at, request.handled_on) == (None, None, None)

    def test_closed_too_long_ago(self) -> None:
        request, _ = request_at("closed")
        with pytest.raises(ReopenTooLate):
            request.reopen(DAY + timedelta(days=WITHIN_DAYS + 1), WITHIN_DAYS)
        assert request.status == "closed"

    def test_handled_at_any_time(self) -> None:
        request, _ = request_at("handled")
        request.reopen(DAY + timedelta(days=99), WITHIN_DAYS)
        assert request.status == "assigned"


def test_handled_before_it_came_in() -> None:
    request, order = request_at("dispatched")
    with pytest.raises(DateBeforePrevious):
        request.handle(order, HANDLERS[0], "已修", DAY - timedelta(days=1))


class RequestLife(RuleBasedStateMachine):
    """Commands in any order: each does what this simple model of the rules says, or nothing.

    The model holds the status and what each named handler said; the real request holds much more.
    """

    def __init__(self) -> None:
        super().__init__()
        self.request = new_request()
        self.order: DispatchOrder | None = None
        self.status = "open"
        self.said: dict[UUID, str] = {}
        self.closed_on: date | None = None
        self.today = DAY

    def attempt(self, refusal: type[DomainError] | None, command: object) -> bool:
        """Run the command; it must be refused as the model says, and then change nothing."""
        assert callable(command)
        if refusal is None:
            command()
            return True
        before = (self.request.status, list(self.request.handler_ids), self.answers())
        with pytest.raises(refusal):
            command()
        assert before == (self.request.status, list(self.request.handler_ids), self.answers())
        return False

    def answers(self) -> dict[str, str]:
        return self.order.answers() if self.order else {}

    def answer_refusal(self, handler: UUID) -> type[DomainError] | None:
        if self.status not in ("dispatching", "dispatched"):
            return NoDispatchToAnswer
        if handler not in self.said:
            return HandlerNotNamed
        return None if self.said[handler] == "pending" else DispatchAlreadyAnswered

    @rule(days=st.integers(0, 10))
    def time_passes(self, days: int) -> None:
        self.today += timedelta(days=days)

    @rule()
    def assign(self) -> None:
        legal = self.status in ("open", "assigned")
        if self.attempt(
            None if legal else RequestNotAssignable, lambda: self.request.assign(uuid4())
        ):
            self.status = "assigned"

    @rule(handlers=st.lists(st.sampled_from(HANDLERS), min_size=1, unique=True))
    def dispatch(self, handlers: list[UUID]) -> None:
        legal = self.status in ("assigned", "dispatching", "dispatched")
        order = order_for(*handlers)
        if self.attempt(
            None if legal else RequestNotDispatchable, lambda: self.request.dispatch(order)
        ):
            if self.order:
                self.order.withdraw()
            self.order, self.status = order, "dispatching"
            self.said = dict.fromkeys(handlers, "pending")

    @rule(handler=st.sampled_from(HANDLERS))
    def accept(self, handler: UUID) -> None:
        if self.attempt(
            self.answer_refusal(handler),
            lambda: self.request.accept(self.order, handler, "好", NOW),
        ):
            self.said[handler], self.status = "accepted", "dispatched"

    @rule(handler=st.sampled_from(HANDLERS))
    def refuse(self, handler: UUID) -> None:
        if self.attempt(
            self.answer_refusal(handler),
            lambda: self.request.refuse(self.order, handler, "忙", NOW),
        ):
            self.said[handler] = "refused"
            if set(self.said.values()) == {"refused"}:
                self.status, self.order, self.said = "assigned", None, {}

    @rule(handler=st.sampled_from(HANDLERS))
    def handle(self, handler: UUID) -> None:
        refusal: type[DomainError] | None = None
        if self.status != "dispatched":
            refusal = RequestNotDispatched
        elif handler not in self.said:
            refusal = HandlerNotNamed
        elif self.said[handler] != "accepted":
            refusal = HandlerHasNotAccepted
        if self.attempt(
            refusal, lambda: self.request.handle(self.order, handler, "已修", self.today)
        ):
            self.status, self.order = "handled", None

    @rule(satisfied=st.none() | st.booleans())
    def close(self, *, satisfied: bool | None) -> None:
        refusal = None if self.status == "handled" else RequestNotHandled
        if self.attempt(
            refusal,
            lambda: self.request.close("已修", satisfied=satisfied, on=self.today, now=NOW),
        ):
            self.status, self.closed_on = "closed", self.today

    @rule()
    def reopen(self) -> None:
        refusal: type[DomainError] | None = None
        if self.status not in ("handled", "closed"):
            refusal = RequestNotReopenable
        elif self.closed_on and (self.today - self.closed_on).days > WITHIN_DAYS:
            refusal = ReopenTooLate
        if self.attempt(refusal, lambda: self.request.reopen(self.today, WITHIN_DAYS)):
            self.status, self.closed_on, self.said = "assigned", None, {}

    @invariant()
    def agrees_with_the_model(self) -> None:
        assert self.request.status == self.status
        assert set(self.request.handler_ids) == set(self.said)

    @invariant()
    def fields_fit_the_status(self) -> None:
        request, done = self.request, self.status in ("handled", "closed")
        assert (request.follower_id is None) == (self.status == "open")
        assert (not request.handler_ids) == (self.status in ("open", "assigned"))
        for fact in (request.handled_on, request.handled_by, request.result):
            assert (fact is not None) == done
        for fact in (request.closed_on, request.closed_at, request.resolution):
            assert (fact is not None) == (self.status == "closed")


TestRequestLife = RequestLife.TestCase

"""Who has to agree to a document, level by level (1.4: 多级审核, 驳回审核)."""

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from kehu_contracts.money import Money
from kehu_kernel.context import Context
from kehu_kernel.errors import DomainError
from kehu_sales.approvals import errors
from kehu_sales.approvals.models import (
    ANYBODY_ENTITLED,
    DECIDE_SCOPE,
    Approval,
    ApprovalChain,
    ApprovalState,
    Facts,
    Level,
    levels_of,
)

BOSS = uuid4()
MANAGER = Level("经理", role="sales_manager")
DIRECTOR = Level("总经理", employee_id=BOSS, discount_from=Decimal(20))
LARGE = Level("财务", role="finance", amount_from=Decimal(100_000), amount_below=Decimal(500_000))


def cny(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="CNY")


def caller(
    subject: str = "li", *, roles: tuple[str, ...] = (), scopes: tuple[str, ...] = (),
    employee: UUID | None = None,
) -> Context:  # fmt: skip
    return Context(
        tenant_id="t", actor=subject, roles=frozenset(roles), scopes=frozenset(scopes),
        employee_id=employee,
    )  # fmt: skip


MANAGERS = caller(roles=("sales_manager",))
BOSSES = caller("wang", employee=BOSS)


def waiting(*levels: Level, **fields: Any) -> Approval:
    nobodys = {"owner_id": None, "document_owner_id": None}
    values = {"own_allowed": False, "submitted_by": "zhang"} | nobodys | fields
    approval = Approval(document_number="QUO-1", levels=levels, position=0, **values)
    approval.begin()
    return approval


class TestWhoIsAsked:
    def chain(self, *levels: Level, active: bool = True) -> ApprovalChain:
        return ApprovalChain(kind="quote", active=active, currency="CNY", levels=levels)

    def test_nobody_without_a_chain_unless_somebody_must(self) -> None:
        assert levels_of(None, Facts(), must=False) == ()
        assert levels_of(None, Facts(), must=True) == (ANYBODY_ENTITLED,)
        assert levels_of(self.chain(MANAGER, active=False), Facts(), must=False) == ()

    @pytest.mark.parametrize(
        ("discount", "names"), [("19.99", ["经理"]), ("20", ["经理", "总经理"])]
    )
    def test_those_whose_discount_is_reached(self, discount: str, names: list[str]) -> None:
        facts = Facts(cny("1"), Decimal(discount))
        asked = levels_of(self.chain(MANAGER, DIRECTOR), facts, must=False)
        assert [level.name for level in asked] == names

    @pytest.mark.parametrize(
        ("amount", "asked"),
        [("99999.99", False), ("100000", True), ("499999.99", True), ("500000", False)],
    )
    def test_a_range_includes_its_begin_and_excludes_its_end(
        self, amount: str, asked: bool
    ) -> None:
        assert LARGE.is_asked(Facts(cny(amount)), "CNY") is asked

    def test_what_cannot_be_compared_is_asked_about(self) -> None:
        assert LARGE.is_asked(Facts(), "CNY")
        assert LARGE.is_asked(Facts(Money(amount=Decimal(1), currency="USD")), "CNY")


class TestLevels:
    @pytest.mark.parametrize(
        ("level", "refusal"),
        [
            (Level("x"), errors.ApproverMissing),
            (Level("x", employee_id=BOSS, role="r"), errors.ApproverMissing),
            (
                Level("x", role="r", amount_from=Decimal(2), amount_below=Decimal(2)),
                errors.RangeReversed,
            ),
        ],
    )
    def test_that_make_no_sense(self, level: Level, refusal: type[DomainError]) -> None:
        with pytest.raises(refusal):
            level.require_sound()


class TestGoingThroughTheLevels:
    def test_none_approves_at_once(self) -> None:
        assert waiting().state == ApprovalState.APPROVED

    def test_one_after_the_other(self) -> None:
        approval = waiting(MANAGER, DIRECTOR)
        assert (approval.waiting_role, approval.waiting_employee_id) == ("sales_manager", None)
        approval.approve(MANAGERS)
        assert (approval.state, approval.waiting_employee_id) == ("waiting", BOSS)
        approval.approve(BOSSES)
        assert (approval.state, approval.waiting_employee_id) == ("approved", None)

    def test_not_by_somebody_else_unless_entitled(self) -> None:
        approval = waiting(DIRECTOR)
        with pytest.raises(errors.NotTheApprover):
            approval.approve(MANAGERS)
        approval.approve(caller(scopes=(DECIDE_SCOPE,)))
        assert approval.state == "approved"

    def test_a_level_of_nobody_is_for_the_entitled(self) -> None:
        approval = waiting(ANYBODY_ENTITLED)
        with pytest.raises(errors.NotTheApprover):
            approval.approve(MANAGERS)

    @pytest.mark.parametrize("owner", [None, BOSS])
    def test_nobody_approves_what_they_submitted(self, owner: UUID | None) -> None:
        me = caller("zhang" if owner is None else "x", roles=("sales_manager",), employee=owner)
        approval = waiting(MANAGER, owner_id=owner)
        with pytest.raises(errors.OwnDocument):
            approval.approve(me)
        approval.own_allowed = True
        approval.approve(me)
        assert approval.state == "approved"

    def test_nobody_approves_their_own_document_submitted_by_a_colleague(self) -> None:
        approval = waiting(DIRECTOR, document_owner_id=BOSS)
        with pytest.raises(errors.OwnDocument):
            approval.approve(BOSSES)

    def test_a_rejected_one_is_over(self) -> None:
        approval = waiting(MANAGER)
        approval.reject(MANAGERS)
        assert approval.state == "rejected"
        with pytest.raises(errors.ApprovalIsOver):
            approval.approve(MANAGERS)

    def test_only_the_submitter_takes_it_back(self) -> None:
        approval = waiting(MANAGER)
        with pytest.raises(errors.NotTheSubmitter):
            approval.withdraw(MANAGERS)
        approval.withdraw(caller("zhang"))
        assert approval.state == "withdrawn"

    def test_the_last_approver_un_approves(self) -> None:
        approval = waiting(MANAGER, DIRECTOR)
        with pytest.raises(errors.NotApproved):
            approval.revoke(BOSSES)
        approval.approve(MANAGERS)
        approval.approve(BOSSES)
        with pytest.raises(errors.NotTheApprover):
            approval.revoke(MANAGERS)
        approval.revoke(BOSSES)
        assert approval.state == "revoked"

    def test_a_successor_is_asked_in_place_of_a_leaver(self) -> None:
        approval, successor = waiting(DIRECTOR), uuid4()
        approval.hand_over(BOSS, successor)
        assert approval.waiting_employee_id == successor
        with pytest.raises(errors.NotTheApprover):
            approval.approve(BOSSES)

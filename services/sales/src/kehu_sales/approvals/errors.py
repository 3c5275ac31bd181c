"""What can be refused about approvals, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class ApprovalChainTaken(DomainError):
    """There is a chain for this kind of document already."""

    code = "approval-chain-taken"
    status = HTTPStatus.CONFLICT
    en = "There is an approval chain for this kind of document already; change that one."
    zh = "该类单据已有审批流程，请修改原有流程。"


class ApproverMissing(DomainError):
    """A level names nobody who could approve, or both an employee and a role."""

    code = "approver-missing"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The level {level} must name an employee or a role, not both."
    zh = "审批级次 {level} 必须指定一名员工或一个角色，且不能同时指定。"


class RangeReversed(DomainError):
    """A condition begins above its end: it would never hold."""

    code = "range-reversed"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The condition of level {level} ends where it begins, or before: it would never hold."
    zh = "审批级次 {level} 的条件上限不大于下限，永远不会成立。"


class ApprovalIsOver(DomainError):
    """Nothing waits any more: it was approved, rejected or taken back."""

    code = "approval-is-over"
    status = HTTPStatus.CONFLICT
    en = "The approval of {number} is over; nothing waits for a decision."
    zh = "{number} 的审批已结束，无待审事项。"


class NotApproved(DomainError):
    """Only what is approved can be un-approved."""

    code = "not-approved"
    status = HTTPStatus.CONFLICT
    en = "{number} is not approved, so there is no approval to take back."
    zh = "{number} 未处于已审核状态，不能反审核。"


class NotTheApprover(DomainError):
    """The level names somebody else."""

    code = "not-the-approver"
    status = HTTPStatus.FORBIDDEN
    en = "You are not the approver of {number} at this level, nor have the scope {scope}."
    zh = "您不是 {number} 当前级次的审批人，也没有权限 {scope}。"


class OwnDocument(DomainError):
    """Nobody approves their own document, or what they submitted, unless the chain allows it."""

    code = "own-document"
    status = HTTPStatus.FORBIDDEN
    en = "{number} is yours, or submitted by you: somebody else has to approve it."
    zh = "{number} 为您本人的单据或由您提交，须由他人审批。"


class NotTheSubmitter(DomainError):
    """Only who submitted a document takes it back."""

    code = "not-the-submitter"
    status = HTTPStatus.FORBIDDEN
    en = "Only who submitted {number} can take it back."
    zh = "只有 {number} 的提交人可以撤回。"

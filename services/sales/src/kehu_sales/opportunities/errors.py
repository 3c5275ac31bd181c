"""What can be refused about an opportunity, in business words."""

from http import HTTPStatus

from kehu_kernel.db import Constraints
from kehu_kernel.errors import DomainError

STATUS_ZH = {
    "not_evaluated": "未评估",
    "in_evaluation": "评估中",
    "in_progress": "进行中",
    "evaluation_failed": "评估未通过",
    "won": "赢单",
    "lost": "输单",
}
"""The states of an opportunity in Chinese."""


class ExternalReferenceTaken(DomainError):
    """An opportunity with this external reference exists already."""

    code = "external-reference-taken"
    status = HTTPStatus.CONFLICT
    en = "An opportunity with this external reference exists already."
    zh = "已存在具有该外部引用的商机。"


class RevenueIsSumOfLines(DomainError):
    """While there are product lines the expected revenue is their sum and cannot be typed."""

    code = "revenue-is-sum-of-lines"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "While there are product lines, the expected revenue is their sum and cannot be typed."
    zh = "存在产品明细时，预计收入为其合计，不能手工填写。"


class OpportunityIsClosed(DomainError):
    """The opportunity was won or lost; that is final."""

    code = "opportunity-is-closed"
    status = HTTPStatus.CONFLICT
    en = "The opportunity {number} was {status}; that is final."
    zh = "商机 {number} 已关闭（{status}），不可再更改。"
    zh_words = STATUS_ZH


class EvaluationHasFailed(DomainError):
    """The opportunity failed its evaluation; nothing more can be done with it."""

    code = "evaluation-has-failed"
    status = HTTPStatus.CONFLICT
    en = "The opportunity {number} failed its evaluation; nothing more can be done with it."
    zh = "商机 {number} 评估未通过，不能再进行任何操作。"


class NotAwaitingSubmission(DomainError):
    """Only an opportunity that is not evaluated yet can be submitted."""

    code = "not-awaiting-submission"
    status = HTTPStatus.CONFLICT
    en = "The opportunity {number} has been submitted already; it is {status}."
    zh = "商机 {number} 已提交评估，当前状态为 {status}。"
    zh_words = STATUS_ZH


class NotInEvaluation(DomainError):
    """Only an opportunity in evaluation can be decided on."""

    code = "not-in-evaluation"
    status = HTTPStatus.CONFLICT
    en = "The opportunity {number} is not in evaluation; it is {status}."
    zh = "商机 {number} 不在评估中，当前状态为 {status}。"
    zh_words = STATUS_ZH


class NotInProgress(DomainError):
    """Only an opportunity in progress can be promoted, won or lost."""

    code = "not-in-progress"
    status = HTTPStatus.CONFLICT
    en = "The opportunity {number} is not in progress; it is {status}."
    zh = "商机 {number} 不在进行中，当前状态为 {status}。"
    zh_words = STATUS_ZH


class NotTheEvaluator(DomainError):
    """Somebody else was named to evaluate the opportunity."""

    code = "not-the-evaluator"
    status = HTTPStatus.FORBIDDEN
    en = (
        "Only the named evaluator, or a holder of the scope {scope}, may decide on "
        "the opportunity {number}."
    )
    zh = "只有指定的评估人或拥有权限 {scope} 的人员才能评估商机 {number}。"


class NextEvaluatorMissing(DomainError):
    """To pass to the next evaluator, that one must be named."""

    code = "next-evaluator-missing"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Name the next evaluator."
    zh = "请指定下一位评估人。"


class NextEvaluatorNotWanted(DomainError):
    """Only `pass_to_next` hands the opportunity to another evaluator."""

    code = "next-evaluator-not-wanted"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Only the result pass_to_next names a next evaluator."
    zh = "只有结果为 pass_to_next 时才能指定下一位评估人。"


class LastStage(DomainError):
    """The opportunity is in the last stage of its method: it can only be won or lost."""

    code = "last-stage"
    status = HTTPStatus.CONFLICT
    en = "The opportunity {number} is in the last stage, {stage}: win or lose it."
    zh = "商机 {number} 已处于最后阶段 {stage}：请赢单或输单。"


class NotALaterStage(DomainError):
    """An opportunity is promoted to a later stage of its method, never back."""

    code = "not-a-later-stage"
    status = HTTPStatus.CONFLICT
    en = "{stage} is not a later stage of the method than {current}."
    zh = "{stage} 不是销售方法中位于 {current} 之后的阶段。"


class PromotionConditionsUnmet(DomainError):
    """The stage cannot be left before its conditions are met; `conditions` lists them."""

    code = "promotion-conditions-unmet"
    status = HTTPStatus.CONFLICT
    en = "The stage cannot be left before its conditions are met."
    zh = "未满足推进条件，不能离开当前阶段。"


class PromotionReminder(DomainError):
    """Conditions of the stage are not met; repeat with `confirm_reminders` to promote anyway."""

    code = "promotion-reminder"
    status = HTTPStatus.CONFLICT
    en = "Conditions of the stage are not met. Repeat with confirm_reminders to promote anyway."
    zh = "推进条件尚未满足。如仍要推进，请以 confirm_reminders 确认后重试。"


class CustomerNeeded(DomainError):
    """An opportunity without a customer cannot be won."""

    code = "customer-needed"
    status = HTTPStatus.CONFLICT
    en = "The opportunity {number} has no customer; name one before it is won."
    zh = "商机 {number} 尚未指定客户；赢单前请先指定客户。"


class UnknownOpportunity(DomainError):
    """The opportunity that something is recorded for does not exist."""

    code = "unknown-opportunity"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "There is no opportunity {id}."
    zh = "不存在商机 {id}。"


class AnotherCustomer(DomainError):
    """The opportunity is with another customer than the one named."""

    code = "another-customer"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The opportunity {number} is with another customer."
    zh = "商机 {number} 属于另一客户。"


class LabelTaken(DomainError):
    """An earlier command of the batch creates an opportunity under the same label."""

    code = "label-taken"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "An earlier command of the batch uses the label {ref} already."
    zh = "批次中较早的命令已使用标签 {ref}。"


class UnknownLabel(DomainError):
    """No earlier command of the batch created an opportunity under this label."""

    code = "unknown-label"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "No earlier command of the batch created an opportunity under the label {ref}."
    zh = "批次中没有较早的命令以标签 {ref} 创建商机。"


CONSTRAINTS: Constraints = {"uq_opportunities_tenant_id_external_ref": ExternalReferenceTaken}
"""What it means to break a constraint of this slice's tables."""

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
    "pooled": "储备中",
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
    """The opportunity failed its evaluation; only the reserve pool can keep it."""

    code = "evaluation-has-failed"
    status = HTTPStatus.CONFLICT
    en = "The opportunity {number} failed its evaluation; it can only be kept in the reserve pool."
    zh = "商机 {number} 评估未通过，只能转入商机储备。"


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
    zh = "只有评估结果为转下一位评估人（pass_to_next）时才能指定下一位评估人。"


class LastStage(DomainError):
    """No stage is left to promote it to: it can only be won or lost."""

    code = "last-stage"
    status = HTTPStatus.CONFLICT
    en = (
        "The opportunity {number} is in {stage}, the last stage it can be promoted to: win or lose "
        "it."
    )
    zh = "商机 {number} 已处于可推进到的最后阶段 {stage}：请赢单或输单。"


class StageEnteredByWinning(DomainError):
    """The stage comes after the order: no promotion leads there, winning does."""

    code = "stage-entered-by-winning"
    status = HTTPStatus.CONFLICT
    en = "The stage {stage} comes after the order: it is entered by winning the opportunity."
    zh = "阶段 {stage} 在成交之后：请以赢单进入该阶段，不能推进。"


class NotALaterStage(DomainError):
    """An opportunity is promoted to a later stage of its method, never back."""

    code = "not-a-later-stage"
    status = HTTPStatus.CONFLICT
    en = "{stage} is not a later stage of the method than {current}."
    zh = "{stage} 不是销售方法中位于 {current} 之后的阶段。"


class PromotionConditionsUnmet(DomainError):
    """The stage cannot be left before its conditions are met; `unmet` lists all that are not.

    `conditions` lists the others, too.
    """

    code = "promotion-conditions-unmet"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The stage cannot be left before its conditions are met."
    zh = "未满足推进条件，不能离开当前阶段。"


class PromotionReminder(DomainError):
    """Conditions of the stage are not met; repeat with `confirm_reminders` to promote anyway."""

    code = "promotion-reminder"
    status = HTTPStatus.CONFLICT
    en = "Conditions of the stage are not met. Repeat with confirm_reminders to promote anyway."
    zh = "推进条件尚未满足。如仍要推进，请确认提醒（confirm_reminders）后重试。"


class StageNotSkippable(DomainError):
    """The method lets no opportunity skip this stage."""

    code = "stage-not-skippable"
    status = HTTPStatus.CONFLICT
    en = "The method does not allow to skip the stage {stage}."
    zh = "销售方法不允许跳过阶段 {stage}。"


class ReturnNotAllowed(DomainError):
    """The method allows no return from the present stage to this one."""

    code = "return-not-allowed"
    status = HTTPStatus.CONFLICT
    en = "The method does not allow to return from the stage {current} to {stage}."
    zh = "销售方法不允许从阶段 {current} 退回到 {stage}。"


class StageNotInVersion(DomainError):
    """The version has no such stage to be in; name one with `to_stage`."""

    code = "stage-not-in-version"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Version {version} has no stage {stage} that an opportunity in progress can be in."
    zh = "第 {version} 版中没有进行中的商机可处于的阶段 {stage}；请指定阶段（to_stage）。"


class FollowsAlready(DomainError):
    """The opportunity follows this version of this method already."""

    code = "follows-already"
    status = HTTPStatus.CONFLICT
    en = "The opportunity {number} follows version {version} of this method already."
    zh = "商机 {number} 已经遵循该销售方法的第 {version} 版。"


class OverrideNotAllowed(DomainError):
    """What the method asks for may be passed over by holders of the scope for it only."""

    code = "override-not-allowed"
    status = HTTPStatus.FORBIDDEN
    en = "Only a holder of the scope {scope} may pass over what the method asks for."
    zh = "只有拥有权限 {scope} 的人员才能越过销售方法的要求。"


class CompetitorNeeded(DomainError):
    """To lose needs the competitor it was lost to, or the word that none is known; not both."""

    code = "competitor-needed"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Name the competitor it was lost to, or say competitor_unknown; not both."
    zh = "请指定输给的竞争对手，或说明对手未知（competitor_unknown）；二者不可兼有。"


class OpportunityInPool(DomainError):
    """The opportunity lies in the reserve pool; take it up first."""

    code = "opportunity-in-pool"
    status = HTTPStatus.CONFLICT
    en = "The opportunity {number} is in the reserve pool; take it up first."
    zh = "商机 {number} 在商机储备中；请先领取。"


class OpportunityNotInPool(DomainError):
    """Only an opportunity in the reserve pool can be taken up."""

    code = "opportunity-not-in-pool"
    status = HTTPStatus.CONFLICT
    en = "The opportunity {number} is not in the reserve pool; it is {status}."
    zh = "商机 {number} 不在商机储备中，当前状态为 {status}。"
    zh_words = STATUS_ZH


class AlreadyConfirmed(DomainError):
    """The opportunity was confirmed as effective before."""

    code = "already-confirmed"
    status = HTTPStatus.CONFLICT
    en = "The opportunity {number} is confirmed as effective already."
    zh = "商机 {number} 已确认为有效商机。"


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
    """The document that is named is with another customer than the one named."""

    code = "another-customer"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "{number} is with another customer than the one named."
    zh = "{number} 的客户与所指定的客户不一致。"


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

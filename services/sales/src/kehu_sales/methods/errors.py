"""What can be refused about a sales method, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class MethodCodeTaken(DomainError):
    """Another method already has this code."""

    code = "method-code-taken"
    status = HTTPStatus.CONFLICT
    en = "Another sales method already has this code."
    zh = "该销售方法编码已被使用。"


class DefaultMethodTaken(DomainError):
    """Another method became the default at the same moment."""

    code = "default-method-taken"
    status = HTTPStatus.CONFLICT
    en = "Another sales method became the default at the same moment. Try again."
    zh = "另一销售方法刚刚被设为默认，请重试。"
    retryable = True


class StageCodesRepeat(DomainError):
    """Two stages of the method have the same code."""

    code = "stage-codes-repeat"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The stage code {stage} is used twice."
    zh = "阶段编码 {stage} 重复。"


class SuccessRateMustRise(DomainError):
    """The success rate must rise from stage to stage."""

    code = "success-rate-must-rise"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The success rate must rise from stage to stage; at {stage} it does not."
    zh = "成功率必须逐阶段上升；阶段 {stage} 不符合。"


class KindMustNotFall(DomainError):
    """What stages stand for rises from potential to successful, which only the last one may be."""

    code = "kind-must-not-fall"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = (
        "What stages stand for never falls, and only the last of several may stand for successful; "
        "at {stage} it is otherwise."
    )
    zh = "各阶段对应的商机类别不能后退，且只有多个阶段中的最后一个可对应成功商机；{stage} 不符合。"


class ReturnMustLeadBack(DomainError):
    """A stage may allow a return to earlier stages of the method only."""

    code = "return-must-lead-back"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The stage {stage} cannot return to {target}: that is not an earlier stage of the method."
    zh = "阶段 {stage} 不能退回到 {target}：它不是该销售方法的更早阶段。"


class UnknownMethodVersion(DomainError):
    """The method has no version of its stages with this number."""

    code = "unknown-method-version"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The sales method {name} has no version {number} of its stages."
    zh = "销售方法 {name} 的阶段没有第 {number} 版。"


class DefaultMethodNeeded(DomainError):
    """The default method cannot be withdrawn; make another one the default first."""

    code = "default-method-needed"
    status = HTTPStatus.CONFLICT
    en = "The default method cannot be withdrawn; make another one the default first."
    zh = "默认销售方法不能停用；请先将其他方法设为默认。"


class MethodWithdrawn(DomainError):
    """A withdrawn method cannot be chosen."""

    code = "method-withdrawn"
    status = HTTPStatus.CONFLICT
    en = "The sales method {name} has been withdrawn and cannot be chosen."
    zh = "销售方法 {name} 已停用，不能选用。"


class UnknownMethod(DomainError):
    """The sales method does not exist."""

    code = "unknown-method"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "There is no sales method {id}."
    zh = "不存在销售方法 {id}。"


class NoDefaultMethod(DomainError):
    """There is no sales method yet."""

    code = "no-default-method"
    status = HTTPStatus.CONFLICT
    en = "There is no sales method yet; set one up first."
    zh = "尚无销售方法；请先建立。"

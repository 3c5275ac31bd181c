"""What can be refused about confirming, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class TemplateCodeTaken(DomainError):
    """Another confirmation template already has this code."""

    code = "confirmation-template-code-taken"
    status = HTTPStatus.CONFLICT
    en = "Another confirmation template already has this code."
    zh = "该商机确认模板编码已被使用。"


class TemplateProvesNothing(DomainError):
    """A template asks for something, for each answer once, and not for the confirmation itself."""

    code = "confirmation-template-proves-nothing"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = (
        "A template asks for at least one field or answer, for each answer once, and never for "
        "the confirmation itself."
    )
    zh = "确认模板至少须要求一个字段或一个问题的回答，问题不能重复，且不能要求“已确认”本身。"


class UnknownTemplate(DomainError):
    """There is no such confirmation template in use."""

    code = "unknown-confirmation-template"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "There is no confirmation template {id} in use."
    zh = "不存在可用的商机确认模板 {id}。"


class ConfirmationBasisNeeded(DomainError):
    """A confirmation rests on a formal request, or on a template; say which, not both."""

    code = "confirmation-basis-needed"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Say either formal_request or template_id: what the confirmation rests on."
    zh = "请说明确认依据：客户正式提出（formal_request）或确认模板（template_id），二者择一。"


class ConfirmationIncomplete(DomainError):
    """The opportunity does not match the template; what is missing is listed."""

    code = "confirmation-incomplete"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The opportunity does not match the template yet: what it asks and is missing: {count}."
    zh = "商机尚不符合确认模板：缺少 {count} 项要求。"


class UnknownQuestion(DomainError):
    """The template does not ask this."""

    code = "unknown-question"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The template has no question {question}, or it was answered twice."
    zh = "模板中没有问题 {question}，或该问题被重复回答。"

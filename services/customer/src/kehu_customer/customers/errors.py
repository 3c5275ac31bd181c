"""What can be refused about a customer, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class CustomerCodeTaken(DomainError):
    """Another customer already has this code."""

    code = "customer-code-taken"
    status = HTTPStatus.CONFLICT
    en = "Another customer already has this code."
    zh = "该客户编码已被其他客户使用。"


class ExternalReferenceTaken(DomainError):
    """A customer with this external reference exists already."""

    code = "external-reference-taken"
    status = HTTPStatus.CONFLICT
    en = "A customer with this external reference exists already."
    zh = "已存在具有该外部引用的客户。"


class CustomerHasEnded(DomainError):
    """The relation with the customer has ended; it is kept, but not changed any more."""

    code = "customer-has-ended"
    status = HTTPStatus.CONFLICT
    en = "The relation with {name} has ended; the record is kept but cannot be changed."
    zh = "与 {name} 的业务关系已终止；记录保留，但不能再修改。"


class CustomerMerged(DomainError):
    """The record was merged into another one; `merged_into_id` is the id to use."""

    code = "customer-merged"
    status = HTTPStatus.CONFLICT
    en = "{name} was merged into another record, {merged_into_id}; that one is changed."
    zh = "{name} 已合并到另一条记录 {merged_into_id}，请修改该记录。"


class AnonymousCustomer(DomainError):
    """Nobody looks after a face without a name; anybody may serve it."""

    code = "anonymous-customer"
    status = HTTPStatus.CONFLICT
    en = "{name} is not identified yet: nobody can look after an anonymous customer."
    zh = "{name} 尚未识别身份：匿名客户不能指定负责人。"


class AlreadyIdentified(DomainError):
    """It is known who the customer is."""

    code = "already-identified"
    status = HTTPStatus.CONFLICT
    en = "It is known already who {name} is."
    zh = "{name} 的身份已识别。"


class InvalidCreditCode(DomainError):
    """No unified social credit code (GB 32100) can look like this."""

    code = "invalid-credit-code"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "No unified social credit code looks like this: 18 characters, the last one checks them."
    zh = "统一社会信用代码无效：应为 18 位，且校验位须正确。"


class AlreadyTradeCustomer(DomainError):
    """The customer is a trade customer already."""

    code = "already-trade-customer"
    status = HTTPStatus.CONFLICT
    en = "{name} is a trade customer already."
    zh = "{name} 已经是交易客户。"


class ParentCycle(DomainError):
    """A company cannot be its own parent, directly or through others."""

    code = "parent-cycle"
    status = HTTPStatus.CONFLICT
    en = "This parent would make the company its own parent."
    zh = "该上级公司会使公司成为自己的上级。"


class UnknownParent(DomainError):
    """The parent company does not exist."""

    code = "unknown-parent"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The parent company does not exist."
    zh = "上级公司不存在。"


class UnknownOwner(DomainError):
    """The owner must be an employee who works here."""

    code = "unknown-owner"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The owner must be an employee who works here."
    zh = "负责人必须是在职员工。"

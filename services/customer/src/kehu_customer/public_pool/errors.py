"""What can be refused about the public pool. Nothing here tells whose customer it is."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class CallerIsNoEmployee(DomainError):
    """Only an employee can look after customers."""

    code = "caller-is-no-employee"
    status = HTTPStatus.FORBIDDEN
    en = "Your token names no employee (`employee_id`), and only employees look after customers."
    zh = "您的令牌未指明员工（employee_id），只有员工才能负责客户。"


class NotInPool(DomainError):
    """Somebody looks after the customer already."""

    code = "not-in-pool"
    status = HTTPStatus.CONFLICT
    en = "Somebody looks after this customer already."
    zh = "该客户已有负责人。"


class AlreadyYours(DomainError):
    """The caller looks after the customer already."""

    code = "already-yours"
    status = HTTPStatus.CONFLICT
    en = "You look after {name} already."
    zh = "您已是 {name} 的负责人。"


class NotTheOwner(DomainError):
    """Only who looks after a customer returns it."""

    code = "not-the-owner"
    status = HTTPStatus.FORBIDDEN
    en = "Only who looks after a customer can return it to the public pool."
    zh = "只有客户的负责人才能将其退回公海。"


class PoolLimitReached(DomainError):
    """The caller looks after as many customers as one may."""

    code = "pool-limit-reached"
    status = HTTPStatus.CONFLICT
    en = "You look after {held} customers; from {limit} on none can be claimed."
    zh = "您已负责 {held} 个客户，达到上限 {limit} 个后不能再领取。"


class ReturnedLately(DomainError):
    """The caller has had this customer lately; others come first."""

    code = "returned-lately"
    status = HTTPStatus.CONFLICT
    en = "You had this customer until lately; you can claim it again from {on}."
    zh = "该客户不久前由您退回或被回收，{on} 起您方可再次领取。"

"""What can be refused about competitors, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class CompetitorNameTaken(DomainError):
    """There is a file of a competitor of this name."""

    code = "competitor-name-taken"
    status = HTTPStatus.CONFLICT
    en = "There is a file of a competitor of this name already."
    zh = "已存在同名的竞争对手档案。"


class CompetitorIsFixed(DomainError):
    """Only a draft can be changed."""

    code = "competitor-is-fixed"
    status = HTTPStatus.CONFLICT
    en = "The file {number} is being audited or audited: reject or un-approve it first."
    zh = "竞争对手档案 {number} 正在审核或已审核，请先驳回或反审核。"


class UnknownCompetitor(DomainError):
    """There is no file of this competitor."""

    code = "unknown-competitor"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "There is no competitor {id}."
    zh = "不存在竞争对手 {id}。"


class TakesPartAlready(DomainError):
    """The competitor is entered for the opportunity already."""

    code = "takes-part-already"
    status = HTTPStatus.CONFLICT
    en = "The competitor is entered for this opportunity already; change that entry."
    zh = "该商机已登记此竞争对手，请修改原有记录。"


class ComparisonSubjectUnclear(DomainError):
    """A comparison sheet is about an opportunity or about a product."""

    code = "comparison-subject-unclear"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "A comparison sheet names an opportunity or a product, not both."
    zh = "对比表须指定商机或产品之一，且不能同时指定。"

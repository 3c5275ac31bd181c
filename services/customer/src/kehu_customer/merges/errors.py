"""What can be refused about a merge."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError

FIELDS_ZH = {
    "name": "名称", "code": "编码", "external_ref": "外部编号", "parent_id": "上级客户",
    "industry": "行业", "country": "国家", "source": "来源", "credit_code": "统一社会信用代码",
    "website": "网站", "founded_year": "成立年份", "employee_count": "员工人数",
    "annual_revenue": "年收入",
}  # fmt: skip
"""The fields of which one record's value survives, in Chinese."""


class MergeWithItself(DomainError):
    """The survivor cannot be among those that are merged into it."""

    code = "merge-with-itself"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "A record cannot be merged into itself."
    zh = "记录不能合并到自身。"


class UnknownMember(DomainError):
    """A customer to be merged does not exist."""

    code = "unknown-member"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "There is no customer {id} to be merged."
    zh = "要合并的客户 {id} 不存在。"


class KindsDiffer(DomainError):
    """An organisation and a person are not the same."""

    code = "kinds-differ"
    status = HTTPStatus.CONFLICT
    en = "An organisation and a person cannot be one customer."
    zh = "组织与个人不能合并。"


class AnonymousSurvivor(DomainError):
    """Of a face without a name and a customer that is identified, the latter survives."""

    code = "anonymous-survivor"
    status = HTTPStatus.CONFLICT
    en = "{name} is anonymous: let a customer survive that is identified."
    zh = "{name} 为匿名客户：请将已识别的客户设为保留记录。"


class CreditOnRecord(DomainError):
    """Limits and reservations of two records cannot become one by themselves."""

    code = "credit-on-record"
    status = HTTPStatus.CONFLICT
    en = "A record with credit of its own can only survive: make it the survivor."
    zh = "有信用记录的客户只能作为保留记录。请将其设为保留记录。"


class SourceNotMember(DomainError):
    """A field can only come from one of the records that are merged."""

    code = "source-not-member"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "{field} can only come from one of the merged records."
    zh = "{field}只能取自参与合并的记录。"
    zh_words = FIELDS_ZH


class MergeUndone(DomainError):
    """The merge has been undone already."""

    code = "merge-undone"
    status = HTTPStatus.CONFLICT
    en = "This merge has been undone already."
    zh = "该合并已撤销。"


class MergedOn(DomainError):
    """The survivor was merged into another record since: that has to be undone first."""

    code = "merged-on"
    status = HTTPStatus.CONFLICT
    en = "The surviving record was merged into {merged_into_id} since; undo that merge first."
    zh = "保留的记录此后已合并到 {merged_into_id}，请先撤销该次合并。"


class UnmergeTooLate(DomainError):
    """A merge can be undone for some time only."""

    code = "unmerge-too-late"
    status = HTTPStatus.CONFLICT
    en = "A merge can be undone for {days} days."
    zh = "合并仅可在 {days} 天内撤销。"

"""What can be refused about a classification scheme, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class SchemeCodeTaken(DomainError):
    """Another classification scheme already has this code."""

    code = "scheme-code-taken"
    status = HTTPStatus.CONFLICT
    en = "Another classification scheme already has this code."
    zh = "该编码已被其他分类方案使用。"


class SchemeRetired(DomainError):
    """The scheme is not in use any more; nobody is classified by it."""

    code = "scheme-retired"
    status = HTTPStatus.CONFLICT
    en = "The classification scheme {scheme} is not in use any more."
    zh = "分类方案 {scheme} 已停用。"


class UnknownScheme(DomainError):
    """The classification scheme does not exist."""

    code = "unknown-scheme"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The classification scheme does not exist."
    zh = "分类方案不存在。"


class UnknownClass(DomainError):
    """The scheme has no class with this code."""

    code = "unknown-class"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The classification scheme {scheme} has no class {class_code}."
    zh = "分类方案 {scheme} 中没有类别 {class_code}。"


class ClassRetired(DomainError):
    """The class is not in use any more; nobody enters it."""

    code = "class-retired"
    status = HTTPStatus.CONFLICT
    en = "The class {class_code} of the scheme {scheme} is not in use any more."
    zh = "分类方案 {scheme} 的类别 {class_code} 已停用。"


class ClassCodesRepeat(DomainError):
    """Two classes of a scheme cannot have the same code."""

    code = "class-codes-repeat"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The class code {class_code} is given more than once."
    zh = "类别编码 {class_code} 重复。"


class ClassesStay(DomainError):
    """A class cannot be left out, because the history names it; it can be retired."""

    code = "classes-stay"
    status = HTTPStatus.CONFLICT
    en = "The history names the classes {classes}: set them inactive instead of leaving them out."
    zh = "历史记录引用了类别 {classes}：请将其停用，而不是删除。"


class RuleNeedsClass(DomainError):
    """A rule can only lead into a class that is in use."""

    code = "rule-needs-class"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "A rule leads into the class {class_code}, which is not in use."
    zh = "规则指向的类别 {class_code} 未在使用。"

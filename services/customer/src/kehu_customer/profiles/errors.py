"""What can be refused about profiles and definitions of facts, in business words."""

from http import HTTPStatus

from kehu_kernel.errors import DomainError


class ProfileCodeTaken(DomainError):
    """Another profile already has this code."""

    code = "profile-code-taken"
    status = HTTPStatus.CONFLICT
    en = "Another profile already has this code."
    zh = "该编码已被其他档案类型使用。"


class SectionCodesRepeat(DomainError):
    """A profile has two sections with the same code."""

    code = "section-codes-repeat"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The profile has the section {section} twice."
    zh = "档案类型中栏目 {section} 重复。"


class SectionsStay(DomainError):
    """A section cannot be left out, because facts belong to it; it can be retired."""

    code = "sections-stay"
    status = HTTPStatus.CONFLICT
    en = "Facts may belong to the sections {sections}: set them inactive instead."
    zh = "栏目 {sections} 下可能已有档案内容：请将其停用，而不是删除。"


class UnknownProfile(DomainError):
    """The profile does not exist."""

    code = "unknown-profile"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The profile does not exist."
    zh = "档案类型不存在。"


class UnknownSection(DomainError):
    """The profile has no such section."""

    code = "unknown-section"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The profile {profile} has no section {section}."
    zh = "档案类型 {profile} 没有栏目 {section}。"


class FactCodeTaken(DomainError):
    """Another fact of the profile already has this code."""

    code = "fact-code-taken"
    status = HTTPStatus.CONFLICT
    en = "Another fact of this profile already has this code."
    zh = "该编码已被此档案类型的其他项目使用。"

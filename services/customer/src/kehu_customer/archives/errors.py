"""What can be refused about the archive of a customer, in business words."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import ClassVar

from kehu_customer.custom_fields.errors import WORDS, Problem
from kehu_kernel.errors import DomainError


class FactsInvalid(DomainError):
    """Facts are not accepted; `facts` lists every one with its problem."""

    code = "facts-invalid"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Facts are not accepted: {facts_en}."
    zh = "档案内容未被接受：{facts_zh}。"

    @classmethod
    def of(cls, problems: Sequence[tuple[str, Problem]]) -> "FactsInvalid":
        """Say it of facts by their codes."""
        return cls(
            facts_en="; ".join(f"{code}: {WORDS[problem][0]}" for code, problem in problems),
            facts_zh="；".join(
                f"{getattr(code, 'zh', code)}：{WORDS[problem][1]}" for code, problem in problems
            ),
            extra={"facts": [{"fact": code, "problem": problem} for code, problem in problems]},
        )


class ProfileNotAsked(DomainError):
    """The customer's kind and roles do not have this profile and section, or nobody has any more.

    Like an address that leads nowhere: 404.
    """

    code = "profile-not-asked"
    status = HTTPStatus.NOT_FOUND
    en = "The archive of this customer has no section {section} in a profile {profile}."
    zh = "该客户的档案中没有档案类型 {profile} 的栏目 {section}。"


class SourceMissing(DomainError):
    """Every fact says where it comes from."""

    code = "source-missing"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Say where the fact {fact} comes from: give a source for it or for all."
    zh = "请说明项目 {fact} 的信息来源：为该项目或全部项目指定来源。"


class ReasonMissing(DomainError):
    """Who withdraws a fact says why."""

    code = "reason-missing"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "Say why the fact {fact} is withdrawn."
    zh = "请说明撤回项目 {fact} 的原因。"


class FactIsSensitive(DomainError):
    """The fact is sensitive: only holders of `customer:archives:sensitive` deal with it."""

    code = "fact-is-sensitive"
    status = HTTPStatus.FORBIDDEN
    en = "The fact {fact} is sensitive; the scope customer:archives:sensitive is needed."
    zh = "项目 {fact} 属于敏感信息，需要查看敏感信息的权限（customer:archives:sensitive）。"


class FactIsHistory(DomainError):
    """A newer version of the fact exists, or it was withdrawn."""

    code = "fact-is-history"
    status = HTTPStatus.CONFLICT
    en = "This version of the fact {fact} is history: it was {end}."
    zh = "项目 {fact} 的这一版本已成为历史：{end}。"
    zh_words: ClassVar[Mapping[str, str]] = {
        "corrected": "已更正",
        "confirmed": "已重新核实",
        "withdrawn": "已撤回",
    }

"""What can be refused because of collisions, in business words."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

from kehu_kernel.db import Constraints
from kehu_kernel.errors import ConcurrentChange, DomainError

STATES_ZH = {
    "open": "待处理",
    "claimed": "已主张",
    "contested": "有异议",
    "yielded": "已退让",
    "arbitrated": "已裁决",
    "dismissed": "已排除",
    "lapsed": "已失效",
}


class OpportunityCollides(DomainError):
    """Somebody else works on the same chance already (撞单).

    `candidates` says on which, and why it counts as the same. One that the caller may not see is
    told by the department that works on it, and nothing else.
    """

    code = "opportunity-collides"
    status = HTTPStatus.CONFLICT
    en = (
        "Somebody else works on this already, see candidates. Talk to them; who may enter it all "
        "the same says why in the header Kehu-Allow-Collision."
    )
    zh = (
        "该商机与他人正在跟进的商机撞单，请查看所列商机（candidates）并与对方沟通；"
        "有权限的用户如仍需录入，请在请求头 Kehu-Allow-Collision 中说明原因。"
    )


class CollisionIsOver(DomainError):
    """It was yielded, decided or dismissed, or does not collide any more."""

    code = "collision-is-over"
    status = HTTPStatus.CONFLICT
    en = "The collision {number} is over: {state}."
    zh = "撞单 {number} 已处理完毕：{state}。"
    zh_words: ClassVar[Mapping[str, str]] = STATES_ZH


class AlreadyClaimed(DomainError):
    """One side has claimed it: the other one answers, or somebody arbitrates."""

    code = "already-claimed"
    status = HTTPStatus.CONFLICT
    en = "One side has claimed {number} already; the other side yields or contests."
    zh = "撞单 {number} 已有一方提出主张，另一方可退让或提出异议。"


class NotClaimed(DomainError):
    """There is no claim that waits for an answer."""

    code = "not-claimed"
    status = HTTPStatus.CONFLICT
    en = "No claim on {number} waits for an answer: {state}."
    zh = "撞单 {number} 没有待答复的主张：{state}。"
    zh_words: ClassVar[Mapping[str, str]] = STATES_ZH


class NotASide(DomainError):
    """The opportunity is none of the two that collide."""

    code = "not-a-side"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The opportunity is none of the two of {number}."
    zh = "该商机不属于撞单 {number} 的任何一方。"


class SideNotNamed(DomainError):
    """Who may speak for either side, or works on both, says for which."""

    code = "side-not-named"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "You may speak for either side of {number}: say in opportunity_id for which ({sides})."
    zh = "您可代表撞单 {number} 的任一方，请指明代表哪一方的商机（opportunity_id）：{sides}。"


class NotThatSide(DomainError):
    """Who claims does not answer the own claim."""

    code = "not-that-side"
    status = HTTPStatus.CONFLICT
    en = "The claim on {number} is answered by the other side."
    zh = "撞单 {number} 的主张须由另一方答复。"


class NotTheOwner(DomainError):
    """Only who works on the opportunity speaks for it."""

    code = "not-the-owner"
    status = HTTPStatus.FORBIDDEN
    en = "You do not work on that opportunity, nor have the scope {scope}."
    zh = "您不是该商机的负责人，也没有权限 {scope}。"


class CreditNotWhole(DomainError):
    """The shares of the credit do not add up to 100 percent."""

    code = "credit-not-whole"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    en = "The shares of the credit add up to {total} percent; together they must be 100."
    zh = "业绩分成合计为 {total}%，必须等于 100%。"


CONSTRAINTS: Constraints = {
    "uq_collisions_pair": ConcurrentChange,
    "uq_collision_policies_tenant_id": ConcurrentChange,
}
"""What it means to break a constraint of this slice's tables."""

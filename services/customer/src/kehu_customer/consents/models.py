"""The consent ledger, and the rule by which it answers (feature row C12)."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped

from kehu_customer.consents.errors import (
    ConsentInFuture,
    ExpiryMisplaced,
    OneSubjectNeeded,
    ProofMissing,
)
from kehu_customer.db import Base
from kehu_kernel.columns import Aggregate


class Purpose(StrEnum):
    """What for: 营销, 服务, 用户画像, 调研, 向第三方提供."""

    MARKETING = "marketing"
    SERVICE = "service"
    PROFILING = "profiling"
    RESEARCH = "research"
    SHARING = "sharing"


class Channel(StrEnum):
    """Over what: 任何渠道, 电话, 短信, 电子邮件, 微信, 邮寄."""

    ANY = "any"
    PHONE = "phone"
    SMS = "sms"
    EMAIL = "email"
    WECHAT = "wechat"
    POST = "post"


class Decision(StrEnum):
    """What the person said: 同意, 撤回."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"


class ConsentManner(StrEnum):
    """How it was obtained: 表单, 合同, 口头, 在线, 来信."""

    FORM = "form"
    CONTRACT = "contract"
    VERBAL = "verbal"
    ONLINE = "online"
    LETTER = "letter"


class ConsentReason(StrEnum):
    """Why a check answers as it does."""

    GIVEN = "given"
    NO_CONSENT = "no_consent"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    ERASED = "erased"


class Consent(Aggregate, Base):
    """What a person said about a purpose over a channel, at a time. An entry never changes.

    Of all entries that concern a channel (its own, and those for any channel) the newest one holds.
    """

    label_zh = "同意记录"
    __tablename__ = "consents"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(["tenant_id", "contact_id"], ["contacts.tenant_id", "contacts.id"]),
        Index(
            "ix_consents_customer",
            "tenant_id",
            "customer_id",
            postgresql_where=text("customer_id IS NOT NULL"),
        ),
        Index(
            "ix_consents_contact",
            "tenant_id",
            "contact_id",
            postgresql_where=text("contact_id IS NOT NULL"),
        ),
        Index(
            "ix_consents_subject",
            "tenant_id",
            text("COALESCE(contact_id, customer_id)"),
            "purpose",
            "at",
            "id",
        ),
        Index("ix_consents_at", "tenant_id", "at", "id"),
    )

    customer_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    purpose: Mapped[str]
    channel: Mapped[str]
    decision: Mapped[str]
    at: Mapped[datetime]
    manner: Mapped[str]
    proof: Mapped[str | None]
    document_ref: Mapped[str | None]
    policy_version: Mapped[str | None]
    expires_on: Mapped[date | None]
    recorded_by: Mapped[str]

    def require_sound(self, now: datetime, given_on: date) -> None:
        """Refuse an entry that proves nothing; `given_on` is the business day of `at`.

        Raises `OneSubjectNeeded`, `ConsentInFuture`, `ProofMissing`, `ExpiryMisplaced`.
        """
        if (self.customer_id is None) == (self.contact_id is None):
            raise OneSubjectNeeded
        if self.at > now:
            raise ConsentInFuture(at=self.at)
        given = self.decision == Decision.GIVEN
        if given and self.proof is None and self.document_ref is None:
            raise ProofMissing
        if self.expires_on is not None and (not given or self.expires_on < given_on):
            raise ExpiryMisplaced


def answer(decision: str | None, expires_on: date | None, day: date) -> ConsentReason:
    """Return what the newest entry means on a business day: only `given` allows to contact.

    Without an entry there is no consent. The day of expiry is the last one.
    """
    if decision is None:
        return ConsentReason.NO_CONSENT
    if decision == Decision.WITHDRAWN:
        return ConsentReason.WITHDRAWN
    if expires_on is not None and expires_on < day:
        return ConsentReason.EXPIRED
    return ConsentReason.GIVEN

"""The confirmation template, and when an opportunity matches it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_kernel.columns import Aggregate
from kehu_sales.confirmations.errors import (
    ConfirmationIncomplete,
    TemplateProvesNothing,
    UnknownQuestion,
)
from kehu_sales.db import Base
from kehu_sales.methods.stages import Fact


class ConfirmationTemplate(Aggregate, Base):
    """What makes an opportunity effective: fields it must say, questions that must be answered."""

    label_zh = "商机确认模板"
    __tablename__ = "confirmation_templates"
    __table_args__ = (
        UniqueConstraint("tenant_id", "code"),
        Index("ix_confirmation_templates_name", "tenant_id", "name", "id"),
    )

    code: Mapped[str]
    name: Mapped[str]
    required_fields: Mapped[list[str]]
    questions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    active: Mapped[bool]

    def require_proof(self) -> None:
        """Raise `TemplateProvesNothing` for one that everything, or nothing, could match."""
        codes = [question["code"] for question in self.questions]
        if (
            not (self.required_fields or codes)
            or Fact.CONFIRMED in self.required_fields
            or len(codes) > len(set(codes))
        ):
            raise TemplateProvesNothing

    def require_match(
        self, facts: Collection[Fact], answers: Sequence[tuple[str, str]]
    ) -> Mapping[str, str]:
        """Return the answers by question, if the opportunity matches the template (L2828).

        It does when it says all the fields, and every question is answered. Raises
        `UnknownQuestion`, `ConfirmationIncomplete` with all that is missing.
        """
        asked = [question["code"] for question in self.questions]
        given: dict[str, str] = {}
        for code, answer in answers:
            if code not in asked or code in given:
                raise UnknownQuestion(question=code)
            given[code] = answer
        missing_fields = [name for name in self.required_fields if name not in facts]
        missing_answers = [code for code in asked if code not in given]
        if missing_fields or missing_answers:
            raise ConfirmationIncomplete(
                count=len(missing_fields) + len(missing_answers),
                extra={"missing_fields": missing_fields, "missing_answers": missing_answers},
            )
        return given

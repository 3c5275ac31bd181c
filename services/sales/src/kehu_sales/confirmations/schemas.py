"""Confirming on the wire."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from kehu_contracts.base import OrLater
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Day, Flag, Input, LongText, Patch, Text, shown
from kehu_sales.confirmations.models import ConfirmationTemplate
from kehu_sales.lists import Once
from kehu_sales.methods.stages import Fact

EXAMPLE: dict[str, JsonValue] = {
    "code": "KEY",
    "name": "大客户商机确认模板",
    "required_fields": ["customer", "contact", "need"],
    "questions": [
        {"code": "budget", "question_zh": "预算是否落实？", "question_en": "Is there a budget?"}
    ],
}


class Question(Input):
    """A question that must be answered."""

    code: Text = Field(description="Code, unique in the template.")
    question_zh: Text = Field(description="The question in Chinese.")
    question_en: Text | None = Field(None, description="The question in English.")


Questions = Annotated[list[Question], Field(max_length=30)]
Facts = Annotated[list[Fact], Field(max_length=len(Fact)), Once]


class ConfirmationTemplateCreate(Input):
    """A new confirmation template."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    code: Text = Field(description="Your own code of the template, unique.")
    name: Text = Field(description="Name.")
    required_fields: Facts = Field(
        default_factory=list, description="What an opportunity must say to be effective."
    )
    questions: Questions = Field(default_factory=list, description="What must be answered besides.")


class ConfirmationTemplateUpdate(Patch):
    """Changes to a template; fields left out stay. Confirmed opportunities stay confirmed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"active": False}]})
    never_null: ClassVar[frozenset[str]] = frozenset(
        {"code", "name", "required_fields", "questions", "active"}
    )

    code: Text | None = Field(None, description="Your own code of the template.")
    name: Text | None = Field(None, description="Name.")
    required_fields: Facts | None = Field(None, description="All fields it asks for.")
    questions: Questions | None = Field(None, description="All questions it asks.")
    active: Flag | None = Field(None, description="False withdraws it from use.")


class QuestionRead(BaseModel):
    """A question of a template."""

    code: str = Field(description="Code, unique in the template.")
    question_zh: str = Field(description="The question in Chinese.")
    question_en: str | None = Field(description="The question in English.")


class ConfirmationTemplateRead(BaseModel):
    """A confirmation template as it stands."""

    id: UUID = Field(description="The template's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    code: str = Field(description="The tenant's own code of the template.")
    name: str = Field(description="Name.")
    required_fields: list[OrLater[Fact]] = Field(description="What an opportunity must say.")
    questions: list[QuestionRead] = Field(description="What must be answered besides.")
    active: bool = Field(description="Whether it is in use.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, template: ConfirmationTemplate) -> Self:
        """Return the template as the API shows it."""
        return shown(cls, template)


class ConfirmationTemplateFilters(PageParams):
    """Filters of the template list; all must match."""

    code: str | None = Field(None, description="With exactly this code.")
    active: bool | None = Field(None, description="In use, or withdrawn.")
    sort: Literal["name", "-name", "created_at", "-created_at"] = Field(
        "name", description="Order; a leading minus reverses it."
    )


class Answer(Input):
    """The answer to a question of the template."""

    code: Text = Field(description="Code of the question.")
    answer: LongText = Field(description="The answer.")


class OpportunityConfirmation(Input):
    """Confirm that an opportunity is effective."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"formal_request": True}]})

    formal_request: Flag = Field(
        False, description="Whether the customer has made a formal request; or else `template_id`."
    )
    template_id: UUID | None = Field(None, description="The template that it matches.")
    answers: Annotated[list[Answer], Field(max_length=30)] = Field(
        default_factory=list, description="Answers to the template's questions."
    )
    on: Day | None = Field(
        None,
        description="Business day; today if omitted, never in the future nor before it was opened.",
    )

    def given(self) -> list[tuple[str, str]]:
        """Return the answers, as question and answer."""
        return [(one.code, one.answer) for one in self.answers]


def plain(questions: list[Question]) -> list[dict[str, Any]]:
    """Return questions as they are stored."""
    return [question.model_dump() for question in questions]

"""What tenants define in the customer service: classification schemes and custom fields."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from kehu_contracts.base import Event, Fragment, Timestamp


class ClassOfScheme(Fragment):
    """One class of a classification scheme."""

    code: str = Field(description="Code, unique in the scheme.")
    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    active: bool = Field(description="Whether customers may still enter the class.")


class ClassificationSchemeState(Event):
    """A classification scheme after the change."""

    key: ClassVar[str] = "scheme_id"

    scheme_id: UUID = Field(description="The scheme.")
    code: str = Field(description="Code, unique for the tenant.")
    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    active: bool = Field(description="Whether customers are classified by it.")
    classes: list[ClassOfScheme] = Field(description="Every class, in order.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class ClassificationSchemeCreated(ClassificationSchemeState):
    """A classification scheme was set up."""

    type: ClassVar[str] = "customer.classification-scheme-created.v1"


class ClassificationSchemeChanged(ClassificationSchemeState):
    """A classification scheme, its classes or its rules were changed."""

    type: ClassVar[str] = "customer.classification-scheme-changed.v1"


class ClassificationState(Event):
    """A customer's class of one scheme."""

    key: ClassVar[str] = "classification_id"

    classification_id: UUID = Field(description="The classification: one class, for a time.")
    customer_id: UUID = Field(description="The customer.")
    scheme_id: UUID = Field(description="The scheme.")
    scheme_code: str = Field(description="Code of the scheme.")
    class_code: str = Field(description="Code of the class.")
    manner: Literal["hand", "rule"] = Field(description="Whether a person or a rule decided.")
    reason: str | None = Field(description="Why, if a person decided.")
    effective_at: Timestamp = Field(description="Since when it is so, UTC.")


class CustomerClassified(ClassificationState):
    """A customer came into a class; of a scheme it is in one class at a time."""

    type: ClassVar[str] = "customer.customer-classified.v1"


class CustomerClassRemoved(ClassificationState):
    """A customer left a class, for another one of the scheme or for none."""

    type: ClassVar[str] = "customer.customer-class-removed.v1"

    ended_at: Timestamp = Field(description="Until when it was so, UTC.")
    end_reason: str | None = Field(description="Why it left; none if another class followed.")
    next_class_code: str | None = Field(description="The class that followed; none if none did.")


class OptionOfField(Fragment):
    """One option of a custom field."""

    code: str = Field(description="Code, unique in the field.")
    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    active: bool = Field(description="Whether it may still be chosen.")


class CustomFieldState(Event):
    """The definition of a custom field of customers after the change; it tells no values."""

    key: ClassVar[str] = "field_id"

    field_id: UUID = Field(description="The field.")
    code: str = Field(description="Code, unique for the tenant; it never changes.")
    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    value_type: Literal[
        "text", "number", "date", "choice", "multi_choice", "reference", "money"
    ] = Field(description="What the values are; it never changes.")
    options: list[OptionOfField] = Field(description="What can be chosen, in order.")
    reference_to: str | None = Field(description="What a reference leads to, such as employee.")
    required: bool = Field(description="Whether new customers must have a value.")
    is_unique: bool = Field(description="Whether no two customers have the same value.")
    indexed: bool = Field(description="Whether customers can be searched by it.")
    visible_to: str | None = Field(description="The scope that sees it; none: everybody.")
    active: bool = Field(description="Whether customers may still get a value.")
    changed: list[str] = Field(description="Names of the fields that changed; empty on creation.")


class CustomFieldCreated(CustomFieldState):
    """A custom field was defined."""

    type: ClassVar[str] = "customer.custom-field-created.v1"


class CustomFieldChanged(CustomFieldState):
    """The definition of a custom field was changed."""

    type: ClassVar[str] = "customer.custom-field-changed.v1"

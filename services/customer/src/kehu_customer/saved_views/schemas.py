"""Saved views on the wire."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints
from pydantic.config import JsonDict

from kehu_customer.saved_views.models import Audience, DefaultView, SavedView
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Input, Patch, Text, shown

EXAMPLE: JsonDict = {
    "name": "华东重点客户",
    "audience": "me",
    "filters": {"state": ["trade"], "industry": "machinery", "sort": "-created_at"},
    "columns": ["name", "code", "owner_id", "value_grade"],
}
Column = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Filters = Annotated[
    dict[str, JsonValue],
    Field(
        max_length=40,
        description="Filters and order, by the names of the parameters of `GET /v1/customers`; "
        "without limit, cursor and count.",
    ),
]
Columns = Annotated[
    list[Column],
    Field(
        max_length=60,
        description="Columns in order: fields of a customer, and custom ones as `custom.<code>`.",
    ),
]


class SavedViewCreate(Input):
    """A new view."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    name: Text = Field(description="Name, unique among the caller's own.")
    audience: Audience = Field(Audience.ME, description="Who may use it, beside the caller.")
    filters: Filters
    columns: Columns


class SavedViewUpdate(Patch):
    """Changes to a view; fields left out stay."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "华东客户"}]})
    never_null: ClassVar[frozenset[str]] = frozenset({"name", "audience", "filters", "columns"})

    name: Text | None = Field(None, description="Name, unique among the caller's own.")
    audience: Audience | None = Field(None, description="Who may use it, beside the caller.")
    filters: Filters | None = None
    columns: Columns | None = None


class SavedViewRead(BaseModel):
    """A view as it stands."""

    id: UUID = Field(description="The view's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    name: str = Field(description="Name.")
    made_by: str = Field(description="Who made it: a token subject. Nobody else changes it.")
    audience: Audience = Field(description="Who may use it, beside who made it.")
    department_id: UUID | None = Field(description="The department it is shared with.")
    filters: dict[str, JsonValue] = Field(description="Filters and order of the customer list.")
    columns: list[str] = Field(description="Columns, in order.")
    list_url: str = Field(
        description="What to call for the customers; add limit, cursor and count. It answers as it "
        "answers every caller: with the rows the caller sees."
    )
    retired_fields: list[str] = Field(
        description="Codes of custom fields that it uses and that are no longer in use or not "
        "visible to the caller: the list would refuse to filter by them."
    )
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, view: SavedView, *, list_url: str, retired_fields: list[str]) -> Self:
        """Return the view as the API shows it."""
        return shown(cls, view, list_url=list_url, retired_fields=retired_fields)


class SavedViewFilters(PageParams):
    """Filters of the list of views; all must match."""

    audience: Audience | None = Field(None, description="Shared with these.")
    mine: bool | None = Field(None, description="Made by the caller, or by others.")
    sort: Literal["name", "-name", "created_at", "-created_at"] = Field(
        "name", description="Order; a leading minus reverses it."
    )


class DefaultViewPut(Input):
    """With which view the caller's list begins."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"view_id": "019364c2-7d5e-7000-8000-000000000001"}]}
    )

    view_id: UUID | None = Field(description="The view; null is the plain list.")


class DefaultViewRead(BaseModel):
    """With which view the caller's list begins."""

    version: int = Field(description="Counts the changes; also the ETag.")
    view_id: UUID | None = Field(
        description="The view; null is the plain list. One that is no longer shared is not found."
    )

    @classmethod
    def of(cls, default: DefaultView) -> Self:
        """Return it as the API shows it."""
        return shown(cls, default)

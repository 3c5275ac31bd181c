"""Sources of facts on the wire."""

from datetime import datetime
from typing import ClassVar, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_customer.custom_fields.schemas import FieldCode
from kehu_customer.fact_sources.models import FactSource
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Flag, Input, LongText, Patch, Text, shown

NEEDS_CONFIRMATION = (
    "Whether what it says has to be confirmed; until then the fact is due for verification."
)


class SourceCreate(Input):
    """A new source of facts."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "code": "trade_fair",
                    "name_zh": "展销会",
                    "name_en": "Trade fair",
                    "needs_confirmation": False,
                }
            ]
        }
    )

    code: FieldCode = Field(description="Code, unique; it stays for ever.")
    name_zh: Text = Field(description="Name in Chinese.")
    name_en: Text = Field(description="Name in English.")
    description_zh: LongText | None = Field(None, description="What belongs to it, in Chinese.")
    description_en: LongText | None = Field(None, description="What belongs to it, in English.")
    needs_confirmation: Flag = Field(description=NEEDS_CONFIRMATION)


class SourceUpdate(Patch):
    """Changes to a source of facts; fields left out stay."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"needs_confirmation": True}]})
    never_null: ClassVar[frozenset[str]] = frozenset(
        {"name_zh", "name_en", "needs_confirmation", "active"}
    )

    name_zh: Text | None = Field(None, description="Name in Chinese.")
    name_en: Text | None = Field(None, description="Name in English.")
    description_zh: LongText | None = Field(None, description="What belongs to it, in Chinese.")
    description_en: LongText | None = Field(None, description="What belongs to it, in English.")
    needs_confirmation: Flag | None = Field(None, description=NEEDS_CONFIRMATION)
    active: Flag | None = Field(None, description="False: no new facts come from it.")


class SourceRead(BaseModel):
    """A source of facts as it stands."""

    id: UUID = Field(description="The source's id.")
    version: int = Field(description="Counts the changes; also the ETag.")
    code: str = Field(description="Code.")
    name_zh: str = Field(description="Name in Chinese.")
    name_en: str = Field(description="Name in English.")
    description_zh: str | None = Field(description="What belongs to it, in Chinese.")
    description_en: str | None = Field(description="What belongs to it, in English.")
    needs_confirmation: bool = Field(description=NEEDS_CONFIRMATION)
    active: bool = Field(description="Whether facts may be taken from it.")
    created_at: datetime = Field(description="When the record was made.")
    updated_at: datetime = Field(description="When the record changed last.")

    @classmethod
    def of(cls, source: FactSource) -> Self:
        """Return the source as the API shows it."""
        return shown(cls, source)


class SourceFilters(PageParams):
    """Filters of the list of sources; all must match."""

    code: str | None = Field(None, description="With exactly this code.")
    active: bool | None = Field(None, description="In use, or retired.")
    sort: Literal["code", "-code"] = Field(
        "code", description="Order; a leading minus reverses it."
    )

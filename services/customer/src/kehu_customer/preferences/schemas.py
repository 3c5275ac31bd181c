"""Preferences on the wire."""

from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kehu_customer.preferences.models import Preferences
from kehu_kernel.wire import Patch, shown

Region = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class PreferencesUpdate(Patch):
    """Changes to preferences; fields left out stay."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"phone_region": "CN"}]})
    never_null: ClassVar[frozenset[str]] = frozenset({"phone_region"})

    phone_region: Region | None = Field(
        None, description="Region of phone numbers that are typed without a country code."
    )


class PreferencesRead(BaseModel):
    """The preferences as they stand."""

    version: int = Field(description="Counts the changes, from 0 for defaults; also the ETag.")
    phone_region: str = Field(
        description="Region of phone numbers that are typed without a country code."
    )

    @classmethod
    def of(cls, preferences: Preferences) -> Self:
        """Return the preferences as the API shows them."""
        return shown(cls, preferences)

"""Imports on the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kehu_customer.imports.models import (
    FileFormat,
    Import,
    ImportRow,
    ImportState,
    OnDuplicate,
    Outcome,
)
from kehu_kernel.pagination import PageParams
from kehu_kernel.wire import Input, Text, shown

MEANINGS = (
    "`name`, `kind`, `code`, `external_ref`, `roles`, `parent_code`, `owner_code`, `industry`, "
    "`country`, `source`, `credit_code`, `website`, `founded_year`, `employee_count`, "
    "`annual_revenue`, `annual_revenue_currency`, `created_on`, `phone`, `mobile`, `email`, "
    "`address`, or `custom.<code>` of a custom field; of the person to turn to `contact.name`, "
    "`contact.title`, `contact.department`, `contact.buying_role`, `contact.phone`, "
    "`contact.mobile`, `contact.email`."
)


class ImportCreate(Input):
    """Set up an import of customers; its file follows."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"format": "csv", "file_name": "客户.csv", "on_duplicate": "update"},
            ]
        },
    )

    format: FileFormat = Field(FileFormat.CSV, description="What the file is.")
    file_name: Text | None = Field(None, description="What the file is called, for people.")
    on_duplicate: OnDuplicate = Field(
        OnDuplicate.REFUSE,
        description="What becomes of a row whose customer is on record: it is refused, skipped, or "
        "updates the one with the same code, external reference or credit code.",
    )
    owner_id: UUID | None = Field(
        None, description="Who looks after new customers of rows that name nobody."
    )


class MappingReplace(Input):
    """What the columns of the file mean."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"columns": {"公司": "name", "税号": "credit_code"}}]},
    )

    columns: dict[Annotated[str, Field(max_length=210)], Text] = Field(
        min_length=1,
        max_length=2000,
        description=f"Header of a column to its meaning: {MEANINGS} Others are not read.",
    )


class ImportRead(BaseModel):
    """An import and how far it is."""

    id: UUID = Field(description="The import's id.")
    version: int = Field(description="Counts the changes of state and mapping; also the ETag.")
    format: FileFormat = Field(description="What the file is.")
    file_name: str | None = Field(description="What the file is called.")
    on_duplicate: OnDuplicate = Field(description="What becomes of rows on record already.")
    owner_id: UUID | None = Field(description="Who looks after new customers by default.")
    mapping: dict[str, str] = Field(description="Header of a column to its meaning.")
    state: ImportState = Field(description="Where it stands.")
    failure: str | None = Field(description="Why it could not go on: a code.")
    parts: int = Field(description="Parts of the file that are there.")
    size: int = Field(description="Bytes of the file that are there.")
    position: int = Field(description="The last row that was dealt with; row 1 has the headers.")
    created: int = Field(description="Rows that became customers; in a check: would become.")
    updated: int = Field(description="Rows that changed a customer; in a check: would change.")
    unchanged: int = Field(description="Rows that say what is on record anyway.")
    skipped: int = Field(description="Rows left out, because their customer is on record.")
    refused: int = Field(description="Rows with reasons against them: see `rows`, `errors.csv`.")
    undone: int = Field(description="Rows whose effect was taken back.")
    kept: int = Field(description="Rows not undone: somebody has worked with the customer since.")
    rows_per_second: float = Field(description="Speed so far; 0 before the first batch.")
    requested_by: str = Field(
        description="Who set it up, or undoes it for somebody who has left; it works with that "
        "person's rights."
    )
    file_dropped_at: datetime | None = Field(description="When its file was deleted.")
    created_at: datetime = Field(description="When it was set up.")
    updated_at: datetime = Field(description="When its state changed last.")

    @classmethod
    def of(cls, job: Import, *, parts: int, size: int) -> Self:
        """Return the import as the API shows it."""
        done = max(job.position - 1, 0)
        speed = round(done / job.busy_seconds, 1) if job.busy_seconds else 0.0
        return shown(cls, job, parts=parts, size=size, rows_per_second=speed)


class ImportPreview(BaseModel):
    """What the file looks like, and what its columns probably mean."""

    headers: list[str] = Field(description="The headers; equal ones are told apart by a number.")
    rows: list[list[str]] = Field(description="The first rows.")
    suggested: dict[str, str] = Field(description="Header to its meaning, as far as recognised.")


class RowReason(BaseModel):
    """Why a row was not entered."""

    column: str | None = Field(description="The column it is about, if it is about one.")
    code: str = Field(description="Stable code.")
    message: str = Field(description="What is wrong, in the request's language.")


class RowRead(BaseModel):
    """What became of a row."""

    number: int = Field(description="Number of the row in the file; the headers are row 1.")
    outcome: Outcome = Field(description="What became of it.")
    customer_id: UUID | None = Field(description="The customer it became, changed or met.")
    reasons: list[RowReason] = Field(
        description="Why it was refused, or cannot be undone: every reason."
    )

    @classmethod
    def of(cls, row: ImportRow, language: str) -> Self:
        """Return the row as the API shows it, in `zh` or `en`."""
        return shown(cls, row, reasons=[reason_of(one, language) for one in row.reasons])


def reason_of(reason: dict[str, Any], language: str) -> RowReason:
    """Return a reason in `zh` or `en`."""
    message = reason["zh" if language == "zh" else "en"]
    return RowReason(column=reason["column"], code=reason["code"], message=message)


class ImportFilters(PageParams):
    """Filters of the list of imports; all must match."""

    state: ImportState | None = Field(None, description="In this state.")
    sort: Literal["created_at", "-created_at"] = Field(
        "-created_at", description="Order; a leading minus reverses it."
    )


class RowFilters(PageParams):
    """Filters of the rows of an import; all must match."""

    outcome: Outcome | None = Field(None, description="With this outcome.")
    sort: Literal["number", "-number"] = Field(
        "number", description="Order; a leading minus reverses it."
    )

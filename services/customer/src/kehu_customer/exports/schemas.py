"""Exports on the wire."""

from enum import StrEnum

from pydantic import Field

from kehu_customer.customers.schemas import CustomerConditions


class ExportFormat(StrEnum):
    """What a file of customers or contacts can be."""

    NDJSON = "ndjson"
    CSV = "csv"
    XLSX = "xlsx"


class ExportFilters(CustomerConditions):
    """Which customers, and as what; all filters of the list must match."""

    format: ExportFormat = Field(ExportFormat.CSV, description="What the file is.")
    bom: bool = Field(
        True, description="Whether a CSV begins with a byte order mark, by which Excel knows UTF-8."
    )

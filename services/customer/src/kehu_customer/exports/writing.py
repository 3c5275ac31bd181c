"""Rows as NDJSON, CSV or XLSX. What a spreadsheet would calculate is written as text."""

import asyncio
import csv
import io
import re
import tempfile
from collections.abc import AsyncIterator, Sequence
from typing import Any

import orjson
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from kehu_customer.exports.service import Columns, Row
from kehu_customer.imports.downloads import harmless

CHUNK = 65_536
Lots = AsyncIterator[list[Row]]


async def ndjson(lots: Lots) -> AsyncIterator[bytes]:
    """Yield a JSON document per line."""
    async for lot in lots:
        yield b"".join(orjson.dumps(row, default=str) + b"\n" for row in lot)


async def as_csv(lots: Lots, columns: Columns, *, bom: bool) -> AsyncIterator[bytes]:
    """Yield CSV in UTF-8, with the headers first."""
    yield (b"\xef\xbb\xbf" if bom else b"") + _lines([columns.headers])
    async for lot in lots:
        yield _lines([[harmless(cell_of(one)) for one in row.values()] for row in lot])


async def xlsx(lots: Lots, columns: Columns, title: str) -> AsyncIterator[bytes]:
    """Yield a workbook; it is written to disk first, since its contents stand at its end."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.append([_clean(one) for one in columns.headers])
    async for lot in lots:
        cells = [[_clean(harmless(cell_of(one))) for one in row.values()] for row in lot]
        await asyncio.to_thread(_append, sheet, cells)
    with tempfile.TemporaryFile(prefix="kehu-export-") as file:
        await asyncio.to_thread(book.save, file)
        file.seek(0)
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk


def _append(sheet: WriteOnlyWorksheet, rows: Sequence[Sequence[str]]) -> None:
    for row in rows:
        sheet.append(row)


def cell_of(value: Any) -> str:
    """Return a value as an import reads it back."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ";".join(str(one) for one in value)
    if isinstance(value, dict):
        return f"{value['amount']} {value['currency']}"
    return str(value)


def _clean(cell: str) -> str:
    """Return text that a workbook can hold: no control characters."""
    return re.sub(ILLEGAL_CHARACTERS_RE, "\ufffd", cell)


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()

"""The file of errors, streamed: the rows as they were, with their number and every reason."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from kehu_customer.imports import queries
from kehu_customer.imports.columns import SAYS_A_FORMULA
from kehu_customer.imports.models import ImportRow
from kehu_customer.imports.schemas import reason_of
from kehu_kernel import deadline
from kehu_kernel.context import Context
from kehu_kernel.db import Database

LOT = 1000
TITLES = {"zh": ("行号", "原因"), "en": ("row", "reasons")}


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(SAYS_A_FORMULA) else cell


async def errors_csv(
    database: Database,
    context: Context,
    import_id: UUID,
    headers: Sequence[str],
    language: str,
) -> AsyncIterator[bytes]:
    """Yield the refused rows as CSV with a byte order mark, a lot at a time.

    Each lot is a transaction of its own: a slow reader holds no connection.
    """
    number_title, reasons_title = TITLES[language]
    yield b"\xef\xbb\xbf" + _lines([[*headers, number_title, reasons_title]])
    after = 0
    while True:
        async with database.session(context, read_only=True) as session:
            rows = await queries.refused_after(session, import_id, after, LOT)
        if not rows:
            return
        deadline.part_sent()
        yield _lines([_line(row, len(headers), language) for row in rows])
        after = rows[-1].number


def _line(row: ImportRow, width: int, language: str) -> list[str]:
    cells = list(row.cells or ())[:width]
    cells += [""] * (width - len(cells))
    told = [reason_of(one, language) for one in row.reasons]
    why = " | ".join(f"{one.column}: {one.message}" if one.column else one.message for one in told)
    return [*(harmless(cell) for cell in cells), str(row.number), harmless(why)]


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()

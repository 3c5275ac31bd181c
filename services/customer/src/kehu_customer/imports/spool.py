"""The file of an import on this machine's disk, fetched part by part: never whole in memory."""

import asyncio
import tempfile
from dataclasses import dataclass
from typing import IO
from uuid import UUID

from kehu_customer.imports import queries
from kehu_customer.imports.files import Table, headers_of
from kehu_kernel.context import Context
from kehu_kernel.db import Database


@dataclass(frozen=True, slots=True)
class Spooled:
    """An open file and its headers. The copy on disk is gone when it is closed, or the process."""

    source: IO[bytes]
    table: Table
    headers: list[str]

    def close(self) -> None:
        """Delete the copy; the database keeps the file."""
        self.source.close()

    def __del__(self) -> None:
        self.source.close()  # a worker that is given up leaves nothing open


async def spool(database: Database, context: Context, import_id: UUID, file_format: str) -> Spooled:
    """Fetch a file and open it. Raises `FileUnreadable`."""
    source = tempfile.TemporaryFile(prefix="kehu-import-")  # noqa: SIM115 - closed by its owner
    try:
        number = 1
        while (content := await _part(database, context, import_id, number)) is not None:
            await asyncio.to_thread(source.write, content)
            number += 1
        table, headers = await asyncio.to_thread(_open, source, file_format)
    except BaseException:
        source.close()
        raise
    return Spooled(source, table, headers)


async def _part(database: Database, context: Context, import_id: UUID, number: int) -> bytes | None:
    async with database.session(context, read_only=True) as session:
        return await queries.part(session, import_id, number)


def _open(source: IO[bytes], file_format: str) -> tuple[Table, list[str]]:
    table = Table(source, file_format)
    first = table.read(0, 1)
    return table, headers_of(first[0][1]) if first else []

"""Reading a file: CSV in whatever encoding and separator, or XLSX; row by row, in constant memory.

Everything leaves here as text. The functions block: call them in a thread.
"""

import codecs
import csv
import io
import itertools
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import IO, Any
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook

from kehu_customer.imports.errors import FileUnreadable
from kehu_customer.imports.models import FileFormat

SNIFFED = 65_536
SEPARATORS = ",;\t|"
MOST_UNPACKED = 2_000_000_000
MOST_DENSITY = 200
DENSE_FROM = 100_000
"""A sheet is packed some ten to fifty times; what is packed denser is made to exhaust a reader."""
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"),
         (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
BROKEN = (
    csv.Error, UnicodeError, zipfile.BadZipFile, ParseError, KeyError, ValueError, OSError,
    TypeError, AttributeError, IndexError, EOFError,
)  # fmt: skip
"""What readers raise about a file that is not what it says."""


class Table:
    """An open file: its rows in order, the headers first. `position` is the last row read."""

    def __init__(self, source: IO[bytes], file_format: str) -> None:
        self._source, self._format = source, file_format
        self._rows = self._begin()

    def read(self, after: int, limit: int) -> list[tuple[int, list[str]]]:
        """Return the next rows behind row `after`, with their numbers; blank ones are left out.

        Reading goes forward; to go back it begins again. Raises `FileUnreadable`.
        """
        if after < self.position:
            self._rows = self._begin()
        try:
            skipped = itertools.islice(self._rows, after - self.position)
            self.position += sum(1 for _ in skipped)
            found = list(itertools.islice(self._rows, limit))
        except BROKEN as error:
            raise _unreadable(self._format) from error
        first = self.position + 1
        self.position += len(found)
        return [(number, cells) for number, cells in enumerate(found, first) if any(cells)]

    def _begin(self) -> Iterator[list[str]]:
        self.position = 0
        self._source.seek(0)
        try:
            return _csv(self._source) if self._format == FileFormat.CSV else _xlsx(self._source)
        except BROKEN as error:
            raise _unreadable(self._format) from error


def headers_of(cells: list[str]) -> list[str]:
    """Return the headers of the columns: stripped, and each of equal ones told apart."""
    seen: dict[str, int] = {}
    headers = []
    for cell in cells:
        header = cell.strip()[:200].replace("\x00", "\ufffd")
        seen[header] = seen.get(header, 0) + 1
        headers.append(header if seen[header] == 1 else f"{header} ({seen[header]})")
    return headers


def encoding_of(beginning: bytes) -> str:
    """Return how a text file is encoded: by its mark, else UTF-8 if it can be, else GB 18030."""
    for mark, encoding in MARKS:
        if beginning.startswith(mark):
            return encoding
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(beginning)
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def separator_of(line: str) -> str:
    """Return what separates the cells of a line: what it has most of, outside of quotes."""
    outside = "".join(line.split('"')[::2])
    return max(SEPARATORS, key=outside.count)


class _Kept(io.RawIOBase):
    """The file as a text reader wants it, but not closed when the reader is gone."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        found = self._source.read(len(buffer))
        buffer[: len(found)] = found
        return len(found)


def _csv(source: IO[bytes]) -> Iterator[list[str]]:
    beginning = source.read(SNIFFED)
    encoding = encoding_of(beginning)
    first = beginning.decode(encoding, "ignore").partition("\n")[0]
    source.seek(0)
    text = io.TextIOWrapper(
        io.BufferedReader(_Kept(source), SNIFFED), encoding=encoding, newline=""
    )
    return csv.reader(text, delimiter=separator_of(first))


def _xlsx(source: IO[bytes]) -> Iterator[list[str]]:
    packed_size = source.seek(0, 2)
    with zipfile.ZipFile(source) as packed:
        unpacked = sum(one.file_size for one in packed.infolist())
    if unpacked > min(MOST_UNPACKED, MOST_DENSITY * max(packed_size, DENSE_FROM)):
        raise FileUnreadable(format="XLSX", why_en="it is packed too densely", why_zh="压缩比过高")
    # `data_only`: of a formula the value it had when the file was saved. Nothing is calculated.
    book = load_workbook(source, read_only=True, data_only=True, keep_links=False)
    if not book.worksheets:
        raise FileUnreadable(format="XLSX", why_en="it has no sheet", why_zh="没有工作表")
    sheet = book.worksheets[0]
    sheet.reset_dimensions()  # what the file says of its size need not be true
    return ([_text(cell) for cell in row] for row in sheet.iter_rows(values_only=True))


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)


def _unreadable(file_format: str) -> FileUnreadable:
    return FileUnreadable(
        format=file_format.upper(),
        why_en="its content is not of this format",
        why_zh="内容与格式不符",
    )

"""The import, its file, what became of each row, and what may be done when (feature row C6)."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Double,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kehu_contracts.access import RowScope
from kehu_customer.db import Base
from kehu_customer.imports.errors import ImportOfAnother, ImportStateForbids, MappingNeeded
from kehu_kernel.columns import Aggregate, TenantRow
from kehu_kernel.context import Context


class FileFormat(StrEnum):
    """What the file is."""

    CSV = "csv"
    XLSX = "xlsx"


class OnDuplicate(StrEnum):
    """What becomes of a row whose customer is on record already: 拒绝, 跳过, 更新."""

    REFUSE = "refuse"
    SKIP = "skip"
    UPDATE = "update"


class ImportState(StrEnum):
    """Where an import stands."""

    DRAFT = "draft"
    CHECKING = "checking"
    CHECKED = "checked"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    UNDOING = "undoing"
    UNDONE = "undone"


WORKING = (ImportState.CHECKING, ImportState.RUNNING, ImportState.UNDOING)
"""States in which the worker goes on with it."""


class Outcome(StrEnum):
    """What became of a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    REFUSED = "refused"
    UNDONE = "undone"
    KEPT = "kept"
    """Not undone, because somebody has worked with the customer since."""


COUNTED = ("created", "updated", "unchanged", "skipped", "refused", "undone", "kept")


class Import(Aggregate, Base):
    """A file of customers that is read, checked and entered, in the name of who set it up.

    `position` is the last row that was dealt with; row 1 has the headers. It moves in the same
    transaction as what the rows led to: whoever goes on after a crash loses no row and enters none
    twice. `headers` are those of the file, known when it is read first. `scopes`, `row_scope` and
    `employee_id` are the rights that who set it up had when it was last told to do something.
    `file_dropped_at` is when the file was deleted, by somebody or because it was old.
    """

    label_zh = "导入任务"
    __tablename__ = "imports"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "owner_id"], ["employees.tenant_id", "employees.id"]),
        Index("ix_imports_created_at", "tenant_id", "created_at", "id"),
        Index(
            "ix_imports_working",
            "created_at",
            postgresql_where=text("state IN ('checking', 'running', 'undoing')"),
        ),
        Index("ix_imports_files", "updated_at", postgresql_where=text("file_dropped_at IS NULL")),
    )

    format: Mapped[str]
    file_name: Mapped[str | None]
    on_duplicate: Mapped[str]
    owner_id: Mapped[UUID | None]
    headers: Mapped[list[str]]
    mapping: Mapped[dict[str, Any]]
    state: Mapped[str]
    failure: Mapped[str | None]
    position: Mapped[int]
    attempts: Mapped[int]
    created: Mapped[int]
    updated: Mapped[int]
    unchanged: Mapped[int]
    skipped: Mapped[int]
    refused: Mapped[int]
    undone: Mapped[int]
    kept: Mapped[int]
    busy_seconds: Mapped[float] = mapped_column(Double)
    requested_by: Mapped[str]
    request_id: Mapped[str]
    traceparent: Mapped[str | None]
    employee_id: Mapped[UUID | None]
    row_scope: Mapped[str]
    scopes: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))
    file_dropped_at: Mapped[datetime | None]

    def require_maker(self, context: Context, *, gone: bool = False) -> None:
        """Raise `ImportOfAnother` for anybody but who set it up.

        If that person is `gone`, somebody who sees everything may do what cannot wait.
        """
        if context.actor == self.requested_by:
            return
        if not (gone and context.row_scope == RowScope.ALL):
            raise ImportOfAnother

    def take_rights(self, context: Context) -> None:
        """Work from now on in the caller's name, with the rights that the caller has now."""
        self.requested_by = context.actor
        self.employee_id, self.row_scope = context.employee_id, context.row_scope
        self.scopes = None if context.scopes is None else sorted(context.scopes)

    def forget_file(self, at: datetime) -> None:
        """Note that the file was deleted. Raises `ImportStateForbids` while it is needed."""
        if self.state in (*WORKING, ImportState.PAUSED):
            raise ImportStateForbids(state=self.state)
        self.file_dropped_at = at

    def require_draft(self) -> None:
        """The file and what its columns mean change only before the first row is entered."""
        self._require(ImportState.DRAFT, ImportState.CHECKED)

    def change_mapping(self, mapping: dict[str, str]) -> None:
        """Say what the columns mean. A check that was made says nothing any more."""
        self.require_draft()
        self.mapping, self.state = mapping, ImportState.DRAFT
        self._start_over()

    def check(self) -> None:
        """Let every row be checked without entering any."""
        self.require_draft()
        self._require_mapping()
        self.state = ImportState.CHECKING
        self._start_over()

    def run(self) -> None:
        """Let the rows be entered."""
        self.require_draft()
        self._require_mapping()
        self.state = ImportState.RUNNING
        self._start_over()

    def pause(self) -> None:
        """Stop after the batch that is under way."""
        self._require(ImportState.RUNNING)
        self.state = ImportState.PAUSED

    def resume(self) -> None:
        """Go on behind the last row that was dealt with. One that was being undone cannot."""
        self._require(ImportState.PAUSED, ImportState.FAILED)
        if self.undone or self.kept:
            raise ImportStateForbids(state=ImportState.UNDOING)
        self.state, self.failure, self.attempts = ImportState.RUNNING, None, 0

    def undo(self) -> None:
        """Take back what was entered, the last row first."""
        self._require(ImportState.PAUSED, ImportState.COMPLETED, ImportState.FAILED)
        self.state, self.failure, self.attempts = ImportState.UNDOING, None, 0

    def fail(self, why: str) -> None:
        """It cannot go on; what was entered stays. A check begins anew."""
        checking = self.state == ImportState.CHECKING
        self.state, self.failure = ImportState.DRAFT if checking else ImportState.FAILED, why

    def finish(self) -> None:
        """Nothing is left to do in this state."""
        self.state = {
            ImportState.CHECKING: ImportState.CHECKED,
            ImportState.RUNNING: ImportState.COMPLETED,
            ImportState.UNDOING: ImportState.UNDONE,
        }[ImportState(self.state)]

    def count(self, outcome: Outcome) -> None:
        """Count what became of a row."""
        setattr(self, outcome.value, getattr(self, outcome.value) + 1)

    def _start_over(self) -> None:
        self.position, self.attempts, self.busy_seconds, self.failure = 1, 0, 0.0, None
        for name in COUNTED:
            setattr(self, name, 0)

    def _require_mapping(self) -> None:
        if not self.mapping:
            raise MappingNeeded

    def _require(self, *states: ImportState) -> None:
        if self.state not in states:
            raise ImportStateForbids(state=self.state)


class ImportPart(Base):
    """A piece of the file, as it was uploaded: the database keeps it so that any process can go on.

    Parts are numbered from 1.
    """

    __tablename__ = "import_parts"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "import_id"], ["imports.tenant_id", "imports.id"]),
    )

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ImportClaim(Base):
    """What the rows of a file that were checked would take: a digest each, and the first such row.

    So a check finds that a row says the same as another one far before it. `version` is the
    import's while it is checked: claims of another check say nothing, and are deleted by and by.
    """

    __tablename__ = "import_claims"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "import_id"], ["imports.tenant_id", "imports.id"]),
    )

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    claim: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    number: Mapped[int]


class ImportRow(TenantRow, Base):
    """What became of a row of the file, and what is needed to undo it.

    `customer_version` is the customer's version after the row, `before` the values that an update
    replaced, `contact_id` the contact it entered. `cells` are kept of refused rows, for the file of
    errors.
    """

    __tablename__ = "import_rows"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "import_id"], ["imports.tenant_id", "imports.id"]),
        UniqueConstraint("tenant_id", "import_id", "number"),
        Index(
            "ix_import_rows_customer",
            "tenant_id",
            "customer_id",
            postgresql_where=text("customer_id IS NOT NULL"),
        ),
        Index(
            "ix_import_rows_refused",
            "tenant_id",
            "import_id",
            "number",
            postgresql_where=text("outcome = 'refused'"),
        ),
    )

    import_id: Mapped[UUID]
    number: Mapped[int]
    outcome: Mapped[str]
    customer_id: Mapped[UUID | None]
    customer_version: Mapped[int | None]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    reasons: Mapped[list[Any]] = mapped_column(JSONB)
    cells: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))
    contact_id: Mapped[UUID | None]

"""What a request names in its body: there, or the request is wrong; only its address is 404."""

from typing import TypeVar
from uuid import UUID

from kehu_kernel.errors import DomainError
from kehu_kernel.session import Session
from kehu_sales.db import Base

Row = TypeVar("Row", bound=Base)


async def reference(
    session: Session, model: type[Row], row_id: UUID, unknown: type[DomainError], *,
    lock: bool = False,
) -> Row:  # fmt: skip
    """Return the row that a body names by its id, locked if asked for. Raises `unknown`."""
    key = (session.context.tenant_id, row_id)
    row = await session.get(model, key, lock="FOR NO KEY UPDATE" if lock else None)
    if row is None:
        raise unknown(id=row_id)
    return row

"""Readable document numbers per tenant and year: `OPP-2026-000123`, without gaps."""

from sqlalchemy.orm import Mapped, mapped_column

from kehu_kernel.columns import PlumbingBase
from kehu_kernel.session import Session

TAKE = """
    INSERT INTO number_series (tenant_id, series, last) VALUES ($1, $2, $3)
    ON CONFLICT (tenant_id, series) DO UPDATE SET last = number_series.last + $3 RETURNING last
"""


class NumberSeries(PlumbingBase):
    """The last number given out in one series of one tenant."""

    __tablename__ = "number_series"

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    series: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int]


async def next_number(session: Session, prefix: str, *, year: int) -> str:
    """Return the next number of a series, e.g. `OPP-2026-000123`.

    Gapless: the counter's row stays locked until the transaction ends, so a rolled back command
    gives its number back. Call it late in a command to keep that lock short.
    """
    return (await next_numbers(session, prefix, year=year, count=1))[0]


async def next_numbers(session: Session, prefix: str, *, year: int, count: int) -> list[str]:
    """Return the next `count` numbers of a series, in one statement; see `next_number`."""
    series = f"{prefix}-{year}"
    taken = await session.fetch(TAKE, session.context.tenant_id, series, count)
    last: int = taken[0]["last"]
    return [f"{series}-{number:06d}" for number in range(last - count + 1, last + 1)]

"""How important an opportunity is, as far as the list has to know (4 §5.6; see `grading`)."""

from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import Numeric, text
from sqlalchemy.orm import Mapped, mapped_column


class Graded:
    """Columns of the grade. `level_rank` counts from 1, the highest; None: not graded."""

    level: Mapped[str | None]
    level_rank: Mapped[int | None]
    level_score: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    level_since_on: Mapped[date | None]
    handle_by_on: Mapped[date | None]
    handling_overdue_told: Mapped[bool] = mapped_column(server_default=text("false"))

    def grade(self, level: str, rank: int, score: Decimal | None, on: date) -> None:
        """Be of this level; a level it was not of before begins on that day."""
        if level != self.level:
            self.level_since_on, self.handling_overdue_told = on, False
        self.level, self.level_rank, self.level_score = level, rank, score

    def limit_handling(self, days: int | None) -> None:
        """Say until when it must be handled; None: it is handled, or not graded."""
        since = self.level_since_on
        due = None if days is None or since is None else since + timedelta(days=days)
        if due != self.handle_by_on:
            self.handle_by_on, self.handling_overdue_told = due, False

    def ungrade(self) -> None:
        """Be of no level any more."""
        self.level = self.level_rank = self.level_score = self.level_since_on = None
        self.handle_by_on, self.handling_overdue_told = None, False

"""Check what holds of opportunities now, without holding up writers."""

from alembic import op

revision = "2026112411"
down_revision = "2026112410"


def upgrade() -> None:
    for name in (
        "state", "pooled", "stage_kind", "stage_due", "method_version", "reporter_role",
        "need_kind", "confirmation", "confirmed_on",
    ):  # fmt: skip
        op.execute(f"ALTER TABLE opportunities VALIDATE CONSTRAINT ck_opportunities_{name}")

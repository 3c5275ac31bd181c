"""Let an opportunity come back to a stage: the version orders its entries, not the position."""

from alembic import op

revision = "2026112413"
down_revision = "2026112412"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE opportunity_stages "
        "DROP CONSTRAINT uq_opportunity_stages_tenant_id_opportunity_id_position"
    )

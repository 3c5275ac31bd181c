"""Let tenants say what becomes of a claim that nobody answers (S13): as before, it waits."""

from alembic import op

from kehu_kernel.migrations import let_worker

revision = "2026112900"
down_revision = "2026112853"

WORDS = """
    ALTER TABLE collision_policies
        ADD COLUMN on_no_answer text NOT NULL DEFAULT 'wait',
        ADD CONSTRAINT ck_collision_policies_on_no_answer
            CHECK (on_no_answer IN ('wait', 'arbitrate', 'claimant')) NOT VALID
"""


def upgrade() -> None:
    op.execute(WORDS)
    let_worker(op, "collision_policies", rights="SELECT")

"""Behaviour knows of complaints, leads and consents as well (C7).

Columns with a constant default: what runs still writes none of them, and need not.
"""

from alembic import op

revision = "2026112551"
down_revision = "2026112550"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE customer_behaviour
            ADD COLUMN complaints integer NOT NULL DEFAULT 0,
            ADD COLUMN complaints_open integer NOT NULL DEFAULT 0,
            ADD COLUMN last_complaint_on date,
            ADD COLUMN leads integer NOT NULL DEFAULT 0,
            ADD COLUMN leads_open integer NOT NULL DEFAULT 0,
            ADD COLUMN leads_converted integer NOT NULL DEFAULT 0,
            ADD COLUMN leads_disqualified integer NOT NULL DEFAULT 0,
            ADD COLUMN last_lead_on date,
            ADD COLUMN consents_given integer NOT NULL DEFAULT 0,
            ADD COLUMN consents_withdrawn integer NOT NULL DEFAULT 0,
            ADD COLUMN last_consent_on date,
            ADD COLUMN last_withdrawal_on date
        """
    )

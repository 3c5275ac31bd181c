"""Add credit: policy, reports, investigations, statements, accounts, limits, reservations (C9)."""

from alembic import op

from kehu_kernel.migrations import enable_tenant_security, let_worker

revision = "2026112270"
down_revision = "2026112260"

ROW = "tenant_id text NOT NULL, id uuid NOT NULL"
AGGREGATE = (
    f"{ROW}, version integer NOT NULL, created_at timestamptz NOT NULL, "
    "updated_at timestamptz NOT NULL"
)


def _customer(table: str) -> str:
    return (
        f"CONSTRAINT pk_{table} PRIMARY KEY (tenant_id, id), "
        f"CONSTRAINT fk_{table}_tenant_id_customer_id "
        "FOREIGN KEY (tenant_id, customer_id) REFERENCES customers (tenant_id, id)"
    )


TABLES = (
    f"""
    CREATE TABLE credit_policies (
        {AGGREGATE},
        report_months_min integer NOT NULL,
        report_months_max integer NOT NULL,
        report_months integer NOT NULL,
        notice_days integer NOT NULL,
        report_required boolean NOT NULL,
        fiscal_year_month integer NOT NULL,
        thresholds jsonb NOT NULL,
        CONSTRAINT pk_credit_policies PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_credit_policies_tenant_id UNIQUE (tenant_id),
        CONSTRAINT ck_credit_policies_months CHECK (
            1 <= report_months_min AND report_months_min <= report_months
            AND report_months <= report_months_max
        ),
        CONSTRAINT ck_credit_policies_year CHECK (fiscal_year_month BETWEEN 1 AND 12),
        CONSTRAINT ck_credit_policies_notice CHECK (notice_days >= 0)
    )
    """,
    f"""
    CREATE TABLE credit_reports (
        {AGGREGATE},
        customer_id uuid NOT NULL,
        reported_on date NOT NULL,
        months integer NOT NULL,
        expires_on date NOT NULL,
        source text NOT NULL,
        agency text,
        grade text,
        finance text,
        operation text,
        personnel text,
        advised_amount numeric(18, 2),
        advised_currency text,
        recorded_by text NOT NULL,
        superseded_at timestamptz,
        {_customer("credit_reports")},
        CONSTRAINT ck_credit_reports_validity CHECK (expires_on > reported_on),
        CONSTRAINT ck_credit_reports_source CHECK (source IN ('own', 'customer_form', 'agency')),
        CONSTRAINT ck_credit_reports_agency CHECK (source <> 'agency' OR agency IS NOT NULL),
        CONSTRAINT ck_credit_reports_advice CHECK (
            (advised_amount IS NULL) = (advised_currency IS NULL) AND advised_amount >= 0
        )
    )
    """,
    f"""
    CREATE TABLE credit_investigations (
        {AGGREGATE},
        customer_id uuid NOT NULL,
        expired_report_id uuid,
        assignee_id uuid,
        due_on date NOT NULL,
        reason text,
        state text NOT NULL,
        new_report_id uuid,
        closed_at timestamptz,
        closed_by text,
        close_reason text,
        {_customer("credit_investigations")},
        CONSTRAINT fk_credit_investigations_tenant_id_expired_report_id
            FOREIGN KEY (tenant_id, expired_report_id) REFERENCES credit_reports (tenant_id, id),
        CONSTRAINT fk_credit_investigations_tenant_id_new_report_id
            FOREIGN KEY (tenant_id, new_report_id) REFERENCES credit_reports (tenant_id, id),
        CONSTRAINT fk_credit_investigations_tenant_id_assignee_id
            FOREIGN KEY (tenant_id, assignee_id) REFERENCES employees (tenant_id, id),
        CONSTRAINT uq_credit_investigations_tenant_id_expired_report_id
            UNIQUE (tenant_id, expired_report_id),
        CONSTRAINT ck_credit_investigations_why CHECK (
            (expired_report_id IS NULL) <> (reason IS NULL)
        ),
        CONSTRAINT ck_credit_investigations_state CHECK (
            (state = 'open' AND closed_at IS NULL AND new_report_id IS NULL)
            OR (state = 'done' AND closed_at IS NOT NULL AND new_report_id IS NOT NULL)
            OR (state = 'cancelled' AND closed_at IS NOT NULL AND close_reason IS NOT NULL)
        )
    )
    """,
    f"""
    CREATE TABLE financial_statements (
        {AGGREGATE},
        customer_id uuid NOT NULL,
        starts_on date NOT NULL,
        ends_on date NOT NULL,
        currency text NOT NULL,
        source text,
        audited boolean NOT NULL,
        current_assets numeric(18, 2),
        inventory numeric(18, 2),
        prepayments numeric(18, 2),
        deferred_expenses numeric(18, 2),
        cash numeric(18, 2),
        marketable_securities numeric(18, 2),
        net_receivables numeric(18, 2),
        total_assets numeric(18, 2),
        current_liabilities numeric(18, 2),
        total_liabilities numeric(18, 2),
        {_customer("financial_statements")},
        CONSTRAINT uq_financial_statements_period
            UNIQUE (tenant_id, customer_id, ends_on, starts_on),
        CONSTRAINT ck_financial_statements_period CHECK (starts_on <= ends_on),
        CONSTRAINT ck_financial_statements_figures CHECK (
            least(
                current_assets, inventory, prepayments, deferred_expenses, cash,
                marketable_securities, net_receivables, total_assets, current_liabilities,
                total_liabilities
            ) >= 0
        )
    )
    """,
    f"""
    CREATE TABLE credit_accounts (
        {AGGREGATE},
        customer_id uuid NOT NULL,
        currency text,
        exposure numeric(18, 2) NOT NULL,
        ceiling numeric(18, 2) NOT NULL,
        blocked_at timestamptz,
        blocked_by text,
        block_reason text,
        {_customer("credit_accounts")},
        CONSTRAINT uq_credit_accounts_tenant_id_customer_id UNIQUE (tenant_id, customer_id),
        CONSTRAINT ck_credit_accounts_within_limit CHECK (exposure >= 0 AND exposure <= ceiling),
        CONSTRAINT ck_credit_accounts_currency CHECK (exposure = 0 OR currency IS NOT NULL),
        CONSTRAINT ck_credit_accounts_blocked CHECK (
            (blocked_at IS NULL) = (block_reason IS NULL)
            AND (blocked_at IS NULL) = (blocked_by IS NULL)
        )
    )
    """,
    f"""
    CREATE TABLE credit_limits (
        {AGGREGATE},
        customer_id uuid NOT NULL,
        year integer NOT NULL,
        starts_on date NOT NULL,
        ends_on date NOT NULL,
        amount numeric(18, 2) NOT NULL,
        currency text NOT NULL,
        agreement text,
        granted_by text NOT NULL,
        overridden boolean NOT NULL,
        {_customer("credit_limits")},
        CONSTRAINT ck_credit_limits_amount CHECK (amount >= 0),
        CONSTRAINT ck_credit_limits_period CHECK (starts_on < ends_on),
        CONSTRAINT ex_credit_limits_overlap EXCLUDE USING gist (
            tenant_id WITH =, customer_id WITH =, daterange(starts_on, ends_on) WITH &&
        )
    )
    """,
    f"""
    CREATE TABLE credit_limit_changes (
        {ROW},
        customer_id uuid NOT NULL,
        credit_limit_id uuid NOT NULL,
        amount_before numeric(18, 2),
        amount_after numeric(18, 2) NOT NULL,
        currency text NOT NULL,
        used numeric(18, 2) NOT NULL,
        overridden boolean NOT NULL,
        reason text NOT NULL,
        changed_by text NOT NULL,
        changed_at timestamptz NOT NULL,
        {_customer("credit_limit_changes")},
        CONSTRAINT fk_credit_limit_changes_tenant_id_credit_limit_id
            FOREIGN KEY (tenant_id, credit_limit_id) REFERENCES credit_limits (tenant_id, id),
        CONSTRAINT ck_credit_limit_changes_below CHECK (NOT overridden OR amount_after < used)
    )
    """,
    f"""
    CREATE TABLE credit_reservations (
        {AGGREGATE},
        customer_id uuid NOT NULL,
        credit_account_id uuid NOT NULL,
        source_kind text NOT NULL,
        source_key text NOT NULL,
        amount numeric(18, 2) NOT NULL,
        currency text NOT NULL,
        released numeric(18, 2) NOT NULL,
        note text,
        state text NOT NULL,
        reserved_by text NOT NULL,
        cancelled_by text,
        cancel_reason text,
        {_customer("credit_reservations")},
        CONSTRAINT fk_credit_reservations_tenant_id_credit_account_id
            FOREIGN KEY (tenant_id, credit_account_id) REFERENCES credit_accounts (tenant_id, id),
        CONSTRAINT uq_credit_reservations_tenant_id_source_kind_source_key
            UNIQUE (tenant_id, source_kind, source_key),
        CONSTRAINT ck_credit_reservations_released CHECK (released >= 0 AND released <= amount),
        CONSTRAINT ck_credit_reservations_state CHECK (
            amount > 0
            AND (
                (state = 'open' AND released < amount)
                OR (state = 'released' AND released = amount)
                OR (state = 'cancelled' AND cancel_reason IS NOT NULL)
            )
        )
    )
    """,
    f"""
    CREATE TABLE credit_releases (
        {ROW},
        customer_id uuid NOT NULL,
        credit_reservation_id uuid NOT NULL,
        source_kind text NOT NULL,
        source_key text NOT NULL,
        asked numeric(18, 2),
        amount numeric(18, 2) NOT NULL,
        released_by text NOT NULL,
        released_at timestamptz NOT NULL,
        {_customer("credit_releases")},
        CONSTRAINT fk_credit_releases_tenant_id_credit_reservation_id
            FOREIGN KEY (tenant_id, credit_reservation_id)
            REFERENCES credit_reservations (tenant_id, id),
        CONSTRAINT uq_credit_releases_source
            UNIQUE (tenant_id, credit_reservation_id, source_kind, source_key),
        CONSTRAINT ck_credit_releases_amount CHECK (amount > 0)
    )
    """,
)
INDEXES = (
    "UNIQUE INDEX uq_credit_reports_latest ON credit_reports (tenant_id, customer_id) "
    "WHERE superseded_at IS NULL",
    "INDEX ix_credit_reports_expiry ON credit_reports (tenant_id, expires_on, id) "
    "WHERE superseded_at IS NULL",
    "INDEX ix_credit_reports_customer ON credit_reports (tenant_id, customer_id, reported_on, id)",
    "INDEX ix_credit_reports_reported_on ON credit_reports (tenant_id, reported_on, id)",
    "UNIQUE INDEX uq_credit_investigations_open ON credit_investigations (tenant_id, customer_id) "
    "WHERE state = 'open'",
    "INDEX ix_credit_investigations_due_on ON credit_investigations (tenant_id, due_on, id)",
    "INDEX ix_credit_investigations_customer ON credit_investigations "
    "(tenant_id, customer_id, due_on, id)",
    "INDEX ix_credit_investigations_assignee ON credit_investigations "
    "(tenant_id, assignee_id, state, due_on, id)",
    "INDEX ix_financial_statements_customer ON financial_statements "
    "(tenant_id, customer_id, ends_on, id)",
    "INDEX ix_financial_statements_ends_on ON financial_statements (tenant_id, ends_on, id)",
    "INDEX ix_credit_limits_customer ON credit_limits (tenant_id, customer_id, starts_on, id)",
    "INDEX ix_credit_limits_starts_on ON credit_limits (tenant_id, starts_on, id)",
    "INDEX ix_credit_limit_changes_limit ON credit_limit_changes "
    "(tenant_id, credit_limit_id, changed_at, id)",
    "INDEX ix_credit_limit_changes_customer ON credit_limit_changes "
    "(tenant_id, customer_id, changed_at, id)",
    "INDEX ix_credit_reservations_customer ON credit_reservations "
    "(tenant_id, customer_id, created_at, id)",
    "INDEX ix_credit_reservations_open ON credit_reservations (tenant_id, customer_id) "
    "WHERE state = 'open'",
    "INDEX ix_credit_reservations_account ON credit_reservations "
    "(tenant_id, credit_account_id, created_at, id)",
    "INDEX ix_credit_reservations_created_at ON credit_reservations (tenant_id, created_at, id)",
    "INDEX ix_credit_releases_reservation ON credit_releases "
    "(tenant_id, credit_reservation_id, released_at, id)",
    "INDEX ix_credit_releases_customer ON credit_releases (tenant_id, customer_id)",
)
CHANGED = (
    "credit_policies",
    "credit_investigations",
    "financial_statements",
    "credit_accounts",
    "credit_limits",
    "credit_reservations",
)
# History: nothing of it changes, except that a merge may hand it to the customer that stays.
APPENDED = {
    "credit_reports": "customer_id, version, updated_at, superseded_at",
    "credit_limit_changes": "customer_id",
    "credit_releases": "customer_id",
}


def upgrade() -> None:
    # New tables only: the locks on `customers` for the foreign keys are short, nothing is scanned.
    for table in TABLES:
        op.execute(table)
    for index in INDEXES:
        op.execute(f"CREATE {index}")
    for table in CHANGED:
        enable_tenant_security(op, table, rights="SELECT, INSERT, UPDATE")
    for table, columns in APPENDED.items():
        enable_tenant_security(op, table, rights="SELECT, INSERT")
        op.execute(f"GRANT UPDATE ({columns}) ON {table} TO kehu_app")
    # The worker asks which tenants have reports that expire; what follows runs as the tenant.
    let_worker(op, "credit_reports", rights="SELECT")

"""Create the tables of the service desk."""

from alembic import op

from kehu_kernel.migrations import create_kernel_tables, enable_tenant_security

revision = "2026112120"
down_revision = None

TABLES = (
    """
    CREATE TABLE customer_refs (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        name text NOT NULL,
        state text NOT NULL,
        sequence integer NOT NULL,
        CONSTRAINT pk_customer_refs PRIMARY KEY (tenant_id, id),
        CONSTRAINT ck_customer_refs_state CHECK (state IN ('prospect', 'trade', 'former'))
    )
    """,
    """
    CREATE TABLE product_files (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        number text NOT NULL,
        customer_id uuid NOT NULL,
        product_id uuid,
        product_code text,
        product_name text NOT NULL,
        serial_number text,
        quantity numeric NOT NULL,
        service_enabled boolean NOT NULL,
        delivered_on date NOT NULL,
        registered_on date,
        warranty_until date,
        last_maintained_on date,
        next_maintenance_on date,
        CONSTRAINT pk_product_files PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_product_files_tenant_id_number UNIQUE (tenant_id, number),
        CONSTRAINT uq_product_files_tenant_id_serial_number UNIQUE (tenant_id, serial_number),
        CONSTRAINT fk_product_files_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customer_refs (tenant_id, id),
        CONSTRAINT ck_product_files_product_name CHECK (product_name <> ''),
        CONSTRAINT ck_product_files_quantity CHECK (quantity > 0),
        CONSTRAINT ck_product_files_registered_on CHECK (registered_on >= delivered_on),
        CONSTRAINT ck_product_files_warranty_until CHECK (warranty_until >= delivered_on),
        CONSTRAINT ck_product_files_last_maintained_on CHECK (last_maintained_on >= delivered_on),
        CONSTRAINT ck_product_files_next_maintenance_on
            CHECK (next_maintenance_on >= coalesce(last_maintained_on, delivered_on))
    )
    """,
    "CREATE INDEX ix_product_files_created_at ON product_files (tenant_id, created_at, id)",
    "CREATE INDEX ix_product_files_name ON product_files (tenant_id, product_name, id)",
    """
    CREATE INDEX ix_product_files_customer
        ON product_files (tenant_id, customer_id, product_name, id)
    """,
    "CREATE INDEX ix_product_files_warranty ON product_files (tenant_id, warranty_until, id)",
    """
    CREATE INDEX ix_product_files_maintenance
        ON product_files (tenant_id, next_maintenance_on, id)
    """,
    """
    CREATE TABLE requests (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        version integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        number text NOT NULL,
        external_ref text,
        customer_id uuid NOT NULL,
        product_file_id uuid,
        problem text NOT NULL,
        priority text NOT NULL,
        channel text NOT NULL,
        status text NOT NULL,
        follower_id uuid,
        handler_ids uuid[] NOT NULL,
        opened_on date NOT NULL,
        required_on date,
        handled_on date,
        handled_by uuid,
        result text,
        closed_on date,
        closed_at timestamptz,
        resolution text,
        satisfied boolean,
        CONSTRAINT pk_requests PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_requests_tenant_id_number UNIQUE (tenant_id, number),
        CONSTRAINT uq_requests_tenant_id_external_ref UNIQUE (tenant_id, external_ref),
        CONSTRAINT fk_requests_tenant_id_customer_id
            FOREIGN KEY (tenant_id, customer_id) REFERENCES customer_refs (tenant_id, id),
        CONSTRAINT fk_requests_tenant_id_product_file_id
            FOREIGN KEY (tenant_id, product_file_id) REFERENCES product_files (tenant_id, id),
        CONSTRAINT ck_requests_problem CHECK (problem <> ''),
        CONSTRAINT ck_requests_priority CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
        CONSTRAINT ck_requests_channel
            CHECK (channel IN ('phone', 'e_mail', 'web', 'visit', 'app', 'other')),
        CONSTRAINT ck_requests_status CHECK (
            status IN ('open', 'assigned', 'dispatching', 'dispatched', 'handled', 'closed')
        ),
        CONSTRAINT ck_requests_follower CHECK ((status = 'open') = (follower_id IS NULL)),
        CONSTRAINT ck_requests_handlers
            CHECK ((status IN ('open', 'assigned')) = (cardinality(handler_ids) = 0)),
        CONSTRAINT ck_requests_required_on CHECK (required_on >= opened_on),
        CONSTRAINT ck_requests_handled_on CHECK (handled_on >= opened_on),
        CONSTRAINT ck_requests_handled CHECK (
            num_nonnulls(handled_on, handled_by, result)
                = CASE WHEN status IN ('handled', 'closed') THEN 3 ELSE 0 END
        ),
        CONSTRAINT ck_requests_closed CHECK (
            num_nonnulls(closed_on, closed_at, resolution)
                = CASE WHEN status = 'closed' THEN 3 ELSE 0 END
        ),
        CONSTRAINT ck_requests_satisfied CHECK (satisfied IS NULL OR status = 'closed')
    )
    """,
    "CREATE INDEX ix_requests_created_at ON requests (tenant_id, created_at, id)",
    "CREATE INDEX ix_requests_required_on ON requests (tenant_id, required_on, id)",
    "CREATE INDEX ix_requests_status ON requests (tenant_id, status, created_at, id)",
    "CREATE INDEX ix_requests_customer ON requests (tenant_id, customer_id, created_at, id)",
    "CREATE INDEX ix_requests_follower ON requests (tenant_id, follower_id, created_at, id)",
    "CREATE INDEX ix_requests_product_file ON requests (tenant_id, product_file_id)",
    """
    CREATE TABLE product_file_parts (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        product_file_id uuid NOT NULL,
        request_id uuid NOT NULL,
        product_name text NOT NULL,
        quantity numeric NOT NULL,
        serial_number text,
        fitted_on date NOT NULL,
        CONSTRAINT pk_product_file_parts PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_product_file_parts_tenant_id_product_file_id
            FOREIGN KEY (tenant_id, product_file_id) REFERENCES product_files (tenant_id, id),
        CONSTRAINT fk_product_file_parts_tenant_id_request_id
            FOREIGN KEY (tenant_id, request_id) REFERENCES requests (tenant_id, id),
        CONSTRAINT ck_product_file_parts_quantity CHECK (quantity > 0)
    )
    """,
    """
    CREATE INDEX ix_product_file_parts_file
        ON product_file_parts (tenant_id, product_file_id, fitted_on, id)
    """,
    "CREATE INDEX ix_product_file_parts_request ON product_file_parts (tenant_id, request_id)",
    """
    CREATE TABLE dispatch_orders (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        number text NOT NULL,
        request_id uuid NOT NULL,
        status text NOT NULL,
        note text,
        created_at timestamptz NOT NULL,
        created_by text NOT NULL,
        CONSTRAINT pk_dispatch_orders PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_dispatch_orders_tenant_id_number UNIQUE (tenant_id, number),
        CONSTRAINT fk_dispatch_orders_tenant_id_request_id
            FOREIGN KEY (tenant_id, request_id) REFERENCES requests (tenant_id, id),
        CONSTRAINT ck_dispatch_orders_status
            CHECK (status IN ('open', 'handled', 'refused', 'withdrawn'))
    )
    """,
    """
    CREATE UNIQUE INDEX uq_dispatch_orders_open ON dispatch_orders (tenant_id, request_id)
        WHERE status = 'open'
    """,
    """
    CREATE INDEX ix_dispatch_orders_request
        ON dispatch_orders (tenant_id, request_id, created_at, id)
    """,
    """
    CREATE TABLE dispatch_handlers (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        dispatch_order_id uuid NOT NULL,
        handler_id uuid NOT NULL,
        answer text NOT NULL,
        reason text,
        answered_at timestamptz,
        CONSTRAINT pk_dispatch_handlers PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_dispatch_handlers_tenant_id_dispatch_order_id_handler_id
            UNIQUE (tenant_id, dispatch_order_id, handler_id),
        CONSTRAINT fk_dispatch_handlers_tenant_id_dispatch_order_id
            FOREIGN KEY (tenant_id, dispatch_order_id) REFERENCES dispatch_orders (tenant_id, id),
        CONSTRAINT ck_dispatch_handlers_answer
            CHECK (answer IN ('pending', 'accepted', 'refused')),
        CONSTRAINT ck_dispatch_handlers_answered CHECK (
            num_nonnulls(reason, answered_at) = CASE WHEN answer = 'pending' THEN 0 ELSE 2 END
        )
    )
    """,
    """
    CREATE INDEX ix_dispatch_handlers_handler
        ON dispatch_handlers (tenant_id, handler_id, dispatch_order_id)
    """,
    """
    CREATE TABLE request_steps (
        tenant_id text NOT NULL,
        id uuid NOT NULL,
        request_id uuid NOT NULL,
        version integer NOT NULL,
        step text NOT NULL,
        at timestamptz NOT NULL,
        actor text NOT NULL,
        status_before text,
        status_after text NOT NULL,
        employee_ids uuid[] NOT NULL,
        note text,
        dispatch_order text,
        happened_on date,
        parts jsonb NOT NULL,
        satisfied boolean,
        CONSTRAINT pk_request_steps PRIMARY KEY (tenant_id, id),
        CONSTRAINT uq_request_steps_tenant_id_request_id_version
            UNIQUE (tenant_id, request_id, version),
        CONSTRAINT fk_request_steps_tenant_id_request_id
            FOREIGN KEY (tenant_id, request_id) REFERENCES requests (tenant_id, id),
        CONSTRAINT ck_request_steps_step CHECK (
            step IN (
                'created', 'assigned', 'dispatched', 'accepted',
                'refused', 'handled', 'closed', 'reopened'
            )
        )
    )
    """,
)

RIGHTS = {
    "customer_refs": "SELECT, INSERT, UPDATE",
    "product_files": "SELECT, INSERT, UPDATE",
    "requests": "SELECT, INSERT, UPDATE",
    "product_file_parts": "SELECT, INSERT",
    "dispatch_orders": "SELECT, INSERT, UPDATE",
    "dispatch_handlers": "SELECT, INSERT, UPDATE",
    "request_steps": "SELECT, INSERT",
}
"""What the application may do: nothing is deleted, and steps and fitted parts are never changed."""


def upgrade() -> None:
    create_kernel_tables(op)
    for statement in TABLES:
        op.execute(statement)
    for table, rights in RIGHTS.items():
        enable_tenant_security(op, table, rights=rights)

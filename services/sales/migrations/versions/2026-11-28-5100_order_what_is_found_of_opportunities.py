"""Let the triggers of opportunities keep by what lists are ordered, whoever writes."""

from alembic import op

revision = "2026112851"
down_revision = "2026112850"

ORDERS = "created_at, number, expected_close_on, expected_revenue, level_rank"
COLUMNS = f"tenant_id, opportunity_id, terms, {ORDERS}"
ANEW = ", ".join(f"{one} = EXCLUDED.{one}" for one in ("terms", *ORDERS.split(", ")))
OF_ROW = "tenant_id, topic, lines, owner_id, department_id, evaluator_id"


def _of(row: str, columns: str) -> str:
    return ", ".join(f"{row}.{one}" for one in columns.split(", "))


KEEP = (
    f"""
    CREATE OR REPLACE FUNCTION enter_opportunity_terms() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
    AS $$
    BEGIN
        INSERT INTO opportunity_terms ({COLUMNS})
        SELECT tenant_id, id, opportunity_terms_of({_of("entered", OF_ROW)}), {ORDERS}
        FROM entered;
        RETURN NULL;
    END $$
    """,  # noqa: S608 - our own words
    f"""
    CREATE OR REPLACE FUNCTION change_opportunity_terms() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
    AS $$
    BEGIN
        INSERT INTO opportunity_terms AS kept ({COLUMNS})
        VALUES (NEW.tenant_id, NEW.id, opportunity_terms_of({_of("NEW", OF_ROW)}),
            {_of("NEW", ORDERS)})
        ON CONFLICT (tenant_id, opportunity_id) DO UPDATE SET {ANEW};
        RETURN NULL;
    END $$
    """,  # noqa: S608
    # Not UPDATE OF: what the trigger of an erasure blanks is named in no statement.
    f"""
    CREATE OR REPLACE TRIGGER change_terms AFTER UPDATE ON opportunities FOR EACH ROW
        WHEN (
            (OLD.topic, OLD.owner_id, OLD.department_id, OLD.evaluator_id, {_of("OLD", ORDERS)})
            IS DISTINCT FROM
            (NEW.topic, NEW.owner_id, NEW.department_id, NEW.evaluator_id, {_of("NEW", ORDERS)})
            OR OLD.lines IS DISTINCT FROM NEW.lines
        )
        EXECUTE FUNCTION change_opportunity_terms()
    """,
)


def upgrade() -> None:
    for statement in KEEP:
        op.execute(statement)

"""Which customers a caller with a row scope sees, in SQL: for policies, and for lists (C4)."""

from kehu_kernel.migrations import limit_rows
from kehu_kernel.plumbing import Operations

ME = "(SELECT NULLIF(current_setting('kehu.employee', true), '')::uuid)"
MY_DEPARTMENTS = "((SELECT departments_in_sight())::uuid[])"
DEPARTMENTS_IN_SIGHT = """
    CREATE OR REPLACE FUNCTION departments_in_sight() RETURNS uuid[] LANGUAGE plpgsql STABLE AS $$
    BEGIN
        RETURN ARRAY(
            SELECT d.id FROM departments d
            JOIN employees e ON e.tenant_id = d.tenant_id
                AND e.id = NULLIF(current_setting('kehu.employee', true), '')::uuid
            WHERE CASE current_setting('kehu.row_scope', true)
                WHEN 'department' THEN d.id = e.department_id
                WHEN 'subtree' THEN e.department_id = ANY (d.path)
            END
        );
    END $$
"""
"""A function, so that policies which contain each other do not repeat the query in every plan: the
look-up of duplicates had 349 parts to get ready, most of which were never run."""
MINE = (
    "({customer}.owner_id IS NULL"
    f" OR {{customer}}.owner_id = {ME}"
    f" OR {{customer}}.department_id = ANY ({MY_DEPARTMENTS}))"
)
"""In the public pool, looked after by the caller, or by the caller's departments: each part finds
its customers by an index, and what it compares with is looked up once per query."""

VISIBLE = {
    "customers": (
        "EXISTS (SELECT FROM customers c WHERE c.tenant_id = {table}.tenant_id "
        "AND c.id = {table}.{column} AND " + MINE.format(customer="c") + ")"
    ),
    # the policy of contacts does the rest
    "contacts": (
        "EXISTS (SELECT FROM contacts p "
        "WHERE p.tenant_id = {table}.tenant_id AND p.id = {table}.{column})"
    ),
}


def limit_to_visible(op: Operations, table: str, **parents: str) -> None:
    """Limit the rows of a table to those whose parent the caller sees: `customers="customer_id"`.

    A parent is `customers` or `contacts`; with both, it is enough to see one.
    """
    limit_rows(op, table, visible_by(table, **parents))


def visible_by(table: str, **parents: str) -> str:
    """Return the condition of `limit_to_visible`."""
    return " OR ".join(
        VISIBLE[parent].format(table=table, column=column) for parent, column in parents.items()
    )

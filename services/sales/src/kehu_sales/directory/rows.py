"""Which rows a caller with a row scope sees, in SQL: for policies (C4, ADR 0015)."""

from collections.abc import Mapping, Sequence

from kehu_kernel.migrations import ALL_ROWS, limit_rows
from kehu_kernel.plumbing import Operations

ME = "(SELECT NULLIF(current_setting('kehu.employee', true), '')::uuid)"
MY_DEPARTMENTS = "((SELECT departments_in_sight())::uuid[])"
MY_PEOPLE = "((SELECT employees_in_sight())::uuid[])"
IN_SIGHT = f"({ALL_ROWS} OR employee_id = ANY ({MY_PEOPLE}))"
"""For a query of what has no policy of its own: the caller sees this employee."""
DEPARTMENTS_IN_SIGHT = """
    CREATE OR REPLACE FUNCTION departments_in_sight() RETURNS uuid[] LANGUAGE plpgsql STABLE AS $$
    BEGIN
        RETURN ARRAY(
            WITH RECURSIVE seen AS (
                SELECT e.tenant_id, e.department_id AS id FROM employee_refs e
                WHERE e.id = NULLIF(current_setting('kehu.employee', true), '')::uuid
                    AND current_setting('kehu.row_scope', true) IN ('department', 'subtree')
                UNION
                SELECT d.tenant_id, d.id FROM seen
                JOIN department_refs d ON d.tenant_id = seen.tenant_id AND d.parent_id = seen.id
                WHERE current_setting('kehu.row_scope', true) = 'subtree'
            )
            SELECT id FROM seen
        );
    END $$
"""
"""Departments may form a circle for a moment, when facts come late: the union ends it."""
EMPLOYEES_IN_SIGHT = """
    CREATE OR REPLACE FUNCTION employees_in_sight() RETURNS uuid[] LANGUAGE plpgsql STABLE AS $$
    BEGIN
        RETURN ARRAY(
            SELECT e.id FROM employee_refs e WHERE e.department_id = ANY (departments_in_sight())
        ) || NULLIF(current_setting('kehu.employee', true), '')::uuid;
    END $$
"""
"""Functions, so that policies which contain each other do not repeat the query in every plan."""

MINE = (
    "({table}.owner_id IS NULL"
    f" OR {{table}}.owner_id = {ME}"
    f" OR {{table}}.department_id = ANY ({MY_DEPARTMENTS}))"
)
"""Owned by nobody, by the caller, or by the caller's departments."""
OF_MY_PEOPLE = f"{{table}}.{{column}} = ANY ({MY_PEOPLE})"
"""Done by the caller, or by somebody of the caller's departments."""
OF_VISIBLE = (
    "EXISTS (SELECT FROM {parent} p WHERE p.tenant_id = {table}.tenant_id "
    "AND p.id = {table}.{column})"
)
"""Whose parent the caller sees: the policy of the parent decides."""


def limit_to_mine(op: Operations, table: str, *, besides: str = "false") -> None:
    """Limit a table with `owner_id` and `department_id`; `besides` admits more, as SQL."""
    limit_rows(op, table, f"{MINE.format(table=table)} OR {besides}")


def limit_to_visible(op: Operations, table: str, *, besides: str = "false", **parents: str) -> None:
    """Limit the rows of a table to those whose parent the caller sees: `quotes="quote_id"`."""
    seen = (
        OF_VISIBLE.format(table=table, parent=parent, column=column)
        for parent, column in parents.items()
    )
    limit_rows(op, table, " OR ".join([*seen, besides]))


def limit_audit(op: Operations, limited: Mapping[str, str], free: Sequence[str]) -> None:
    """Limit the audit log: `limited` names the table of each entity whose rows are limited.

    Who does not see an object does not read its history either. Of an entity that is named in
    neither, callers with a row scope read no history.
    """
    seen = "".join(
        f" OR (entity = '{entity}' AND EXISTS (SELECT FROM {table} o "
        "WHERE o.tenant_id = audit_log.tenant_id AND o.id = audit_log.entity_id))"
        for entity, table in limited.items()
    )
    op.execute("DROP POLICY IF EXISTS row_scope ON audit_log")
    limit_rows(op, "audit_log", f"entity IN {tuple(free)}{seen}", command="SELECT")

"""The departments below one, in SQL. Row-level security has its own function (`rows.py`)."""


def departments_below(root: str) -> str:
    """Return a query for a department, which `root` names, and all below it; `$1` is the tenant.

    Departments may form a circle for a moment, when facts come late: the union ends it.
    """
    return f"""
        WITH RECURSIVE below (id) AS (
            SELECT {root}
            UNION
            SELECT d.id FROM below
            JOIN department_refs d ON d.tenant_id = $1 AND d.parent_id = below.id
        ) SELECT id FROM below
    """  # noqa: S608 - our own words

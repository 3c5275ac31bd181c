"""What is personal in this service, and goes when a person is erased (C12).

Numbers, days, states, amounts and ids stay: so do the figures made from them. A change here needs a
migration that calls `forget` again.
"""

from kehu_kernel.erasure_schema import (
    IDS,
    IF_GIVEN,
    NO_VALUES,
    NOTHING,
    OURS,
    PSEUDONYM,
    WORD,
    Personal,
)

OF_CUSTOMER = ("customer_id",)
OF_PARTY = ("customer_id", "contact_id")


def _computed(table: str, by: tuple[str, ...], blank: dict[str, str]) -> Personal:
    """Return what jobs write too: it is blanked silently, so that no job fails over it."""
    return Personal(table, by, blank, computed=frozenset(blank))


PERSONAL = (
    Personal(
        "customers",
        ("id",),
        {
            "name": PSEUDONYM,
            "code": NOTHING,
            "external_ref": NOTHING,
            "source": NOTHING,
            "credit_code": NOTHING,
            "website": NOTHING,
            "end_reason": IF_GIVEN,
            "custom": NO_VALUES,
        },
        on="UPDATE",  # a new customer was never erased, and entering one should stay cheap
    ),
    Personal(
        "contacts",
        ("id", "customer_id"),
        {
            "name": PSEUDONYM,
            "external_ref": NOTHING,
            "title": NOTHING,
            "department": NOTHING,
            "phone": NOTHING,
            "mobile": NOTHING,
            "email": NOTHING,
        },
    ),
    Personal(
        "contact_points",
        OF_PARTY,
        {"value": WORD, "address": NOTHING, "normalised": NOTHING, "extension": NOTHING},
    ),
    Personal(
        "affiliations",
        OF_PARTY,
        {"title": NOTHING, "department": NOTHING, "end_reason": NOTHING},
    ),
    _computed("data_exports", OF_PARTY, {"document": NOTHING}),
    # What was agreed stays, as evidence; its proof may name the person.
    Personal("consents", OF_PARTY, {"proof": NOTHING, "document_ref": NOTHING}),
    Personal("acquaintances", ("contact_id",), {"how": NOTHING}),
    Personal("archives", OF_CUSTOMER),
    Personal(
        "facts",
        OF_CUSTOMER,
        {
            "value": "'\"erased\"'::jsonb",
            "source_note": NOTHING,
            "verified_how": IF_GIVEN,
            "end_reason": IF_GIVEN,
        },
    ),
    _computed(
        "classifications",
        OF_CUSTOMER,
        {
            "reason": IF_GIVEN,
            "explanation": "CASE WHEN NEW.{column} IS NOT NULL THEN '{{}}'::jsonb END",
            "end_reason": IF_GIVEN,
        },
    ),
    Personal("credit_accounts", OF_CUSTOMER, {"block_reason": IF_GIVEN}),
    Personal("credit_limits", OF_CUSTOMER, {"agreement": NOTHING}),
    Personal("credit_limit_changes", OF_CUSTOMER, {"reason": WORD}),
    Personal(
        "credit_reports",
        OF_CUSTOMER,
        {"agency": IF_GIVEN, "finance": NOTHING, "operation": NOTHING, "personnel": NOTHING},
    ),
    _computed("credit_investigations", OF_CUSTOMER, {"reason": IF_GIVEN, "close_reason": IF_GIVEN}),
    Personal("credit_reservations", OF_CUSTOMER, {"note": NOTHING, "cancel_reason": IF_GIVEN}),
    Personal("credit_contracts", OF_CUSTOMER, key=None),
    Personal("financial_statements", OF_CUSTOMER, {"source": IF_GIVEN}),
    _computed("owner_changes", OF_CUSTOMER, {"reason": NOTHING}),
    _computed("duplicate_pairs", ("first_id", "second_id"), {"decision_reason": IF_GIVEN}),
    _computed("merges", ("survivor_id",), {"reason": NOTHING, "undo_reason": NOTHING}),
    _computed("merge_moves", ("row_id", "merge_id"), {"changes": NO_VALUES}),
    Personal(
        "import_rows",
        OF_CUSTOMER,
        {"before": NOTHING, "reasons": "'[]'::jsonb"},
        on="UPDATE",  # of who was erased no row becomes anything
        computed=frozenset({"before", "reasons"}),
    ),
    Personal("match_keys", OF_CUSTOMER, key=None, delete=True),
    Personal("search_documents", OF_CUSTOMER, key=None, delete=True),
    Personal("custom_entries", OF_CUSTOMER, key=None, delete=True),
    Personal(
        "timeline_entries",
        ("customer_id", "subject_id"),
        {"title": NOTHING, "place": NOTHING},
        key=None,
    ),
)
"""Parents before children."""

MISTAKEN = f"""
    WITH RECURSIVE once (id, survivor_id, merged_at, undone_at) AS (
        SELECT m.id, m.survivor_id, m.created_at, coalesce(m.undone_at, 'infinity') FROM merges m
        WHERE m.tenant_id = $1 AND m.merged_ids ?| {IDS}
        UNION
        SELECT m.id, m.survivor_id, m.created_at, coalesce(m.undone_at, 'infinity')
        FROM once o JOIN merges m ON m.tenant_id = $1 AND m.merged_ids ? o.survivor_id::text
        WHERE m.created_at BETWEEN o.merged_at AND o.undone_at
    )
"""  # noqa: S608 - our own names
"""The merges that let another record say what the person's said, and others that record's."""
ONCE_MERGED = (
    f"""
    {MISTAKEN}
    INSERT INTO erased_subjects (tenant_id, subject_id, erasure_id)
    SELECT $1, id, $2 FROM once ON CONFLICT DO NOTHING
    """,  # noqa: S608
    f"""
    {MISTAKEN}
    INSERT INTO erased_subjects (tenant_id, subject_id, erasure_id)
    SELECT $1, id, $2 FROM audit_log a
    WHERE tenant_id = $1 AND entity_id = ANY (ARRAY(SELECT survivor_id FROM once)) AND EXISTS (
        SELECT FROM once o
        WHERE o.survivor_id = a.entity_id AND a.at BETWEEN o.merged_at AND o.undone_at
    ) ON CONFLICT DO NOTHING
    """,  # noqa: S608
)
"""What a merge moved tells of all its members, also if it was undone. So do the audit entries of
the survivor as long as it held: all of them are blanked, as each may show a value before or after
that was the person's."""
TOLD_OF_OTHERS = (
    f"""
    {MISTAKEN}
    DELETE FROM outbox e
    WHERE tenant_id = $1 AND sent_at IS NOT NULL
        AND key = ANY (ARRAY(SELECT survivor_id::text FROM once)) AND EXISTS (
            SELECT FROM once o WHERE o.survivor_id::text = e.key
                AND e.occurred_at BETWEEN o.merged_at AND o.undone_at
        )
    """,  # noqa: S608
)
"""So do the events of the survivor from that time, which are kept for some days after sending."""
EXPORTS = (
    f"""
    UPDATE data_exports SET state = 'expired', document = NULL
    WHERE tenant_id = $1 AND state <> 'expired' AND customer_id = ANY (ARRAY(
        SELECT customer_id FROM contacts WHERE tenant_id = $1 AND id = ANY ({OURS})
    ))
    """,  # noqa: S608
)
"""What was put together about a customer has its contacts in it."""

HOUSEHOLDS = (
    f"""
    WITH named AS (
        UPDATE households SET name = 'erased'
        WHERE tenant_id = $1 AND id = ANY (ARRAY(
            SELECT household_id FROM household_members
            WHERE tenant_id = $1 AND relation = 'head'
                AND (customer_id = ANY ({OURS}) OR contact_id = ANY ({OURS}))
        )) RETURNING id
    )
    INSERT INTO erased_subjects (tenant_id, subject_id, erasure_id)
    SELECT $1, id, $2 FROM named ON CONFLICT DO NOTHING
    """,  # noqa: S608
)
"""A household is called after its head. It has no trigger: its other members may name it anew."""

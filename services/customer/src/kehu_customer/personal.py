"""What is personal in this service, and goes when a person is erased (C12).

Numbers, days, states, amounts and ids stay: so do the figures made from them. A change here needs a
migration that calls `forget` again.
"""

from kehu_kernel.erasure_schema import (
    IF_GIVEN,
    NO_VALUES,
    NOTHING,
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

ONCE_MERGED = (
    """
    INSERT INTO erased_subjects (tenant_id, subject_id, erasure_id)
    SELECT $1, m.id, $2 FROM merges m WHERE m.tenant_id = $1 AND EXISTS (
        SELECT FROM erased_subjects s
        WHERE s.tenant_id = $1 AND s.erasure_id = $2 AND m.merged_ids ? s.subject_id::text
    ) ON CONFLICT DO NOTHING
    """,
)
"""What a merge moved tells of all its members, also if it was undone."""
EXPORTS = (
    """
    UPDATE data_exports e SET state = 'expired', document = NULL
    WHERE e.tenant_id = $1 AND e.state <> 'expired' AND e.customer_id IN (
        SELECT p.customer_id FROM contacts p JOIN erased_subjects s
            ON s.tenant_id = p.tenant_id AND s.subject_id = p.id
        WHERE p.tenant_id = $1 AND s.erasure_id = $2
    )
    """,
)
"""What was put together about a customer has its contacts in it."""

HOUSEHOLDS = (
    """
    WITH named AS (
        UPDATE households h SET name = 'erased'
        WHERE h.tenant_id = $1 AND EXISTS (
            SELECT FROM household_members m JOIN erased_subjects s
                ON s.tenant_id = m.tenant_id AND s.subject_id IN (m.customer_id, m.contact_id)
            WHERE m.tenant_id = $1 AND m.household_id = h.id AND m.relation = 'head'
                AND s.erasure_id = $2
        ) RETURNING h.id
    )
    INSERT INTO erased_subjects (tenant_id, subject_id, erasure_id)
    SELECT $1, id, $2 FROM named ON CONFLICT DO NOTHING
    """,
)
"""A household is called after its head. It has no trigger: its other members may name it anew."""

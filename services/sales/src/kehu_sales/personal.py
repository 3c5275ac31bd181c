"""What is personal in this service, and goes when a person is erased (C12).

Numbers, days, states, amounts and ids stay: so do the figures made from them. A change here needs a
migration that calls `forget` again.
"""

from kehu_kernel.erasure_schema import IF_GIVEN, NOTHING, PSEUDONYM, WORD, Personal


def _each(expression: str) -> str:
    """SQL of a list of objects in a jsonb column, each of them (`one`) as the expression says."""
    return (
        f"COALESCE((SELECT jsonb_agg({expression} ORDER BY place) FROM "  # noqa: S608 - our own
        "jsonb_array_elements(NEW.{column}) WITH ORDINALITY AS listed (one, place)), '[]'::jsonb)"
    )


NAMELESS = _each("""one || '{{"name": "erased"}}'""")
"""Milestones are called by free text."""
NO_TRAITS = "'{{}}'::text[]"
UNCONDITIONAL = _each(
    """CASE WHEN one ->> 'condition' IS NULL THEN one ELSE one || '{{"condition": "erased"}}' END"""
)
"""Conditions of instalments are free text."""

PERSONAL = (
    Personal("customer_refs", ("id",), {"name": PSEUDONYM}, key=None),
    Personal(
        "opportunities",
        ("customer_id",),
        {
            "topic": WORD,
            "external_ref": NOTHING,
            "need": NOTHING,
            "close_reason": IF_GIVEN,
            "confirmation_answers": NOTHING,
        },
    ),
    Personal(
        "activities",
        ("customer_id", "opportunity_id"),
        {"topic": WORD, "content": NOTHING, "place": NOTHING},
    ),
    Personal(
        "tasks",
        ("customer_id", "opportunity_id"),
        {"topic": WORD, "content": NOTHING, "cancel_reason": IF_GIVEN},
    ),
    Personal(
        "visits",
        ("customer_id", "opportunity_id"),
        {
            "purpose": WORD,
            "customer_value": NOTHING,
            "place": NOTHING,
            "city": NOTHING,
            "latitude": NOTHING,
            "longitude": NOTHING,
            "accuracy_m": NOTHING,
            "decision_note": NOTHING,
            "summary": IF_GIVEN,
            "needs": NOTHING,
            "proposals": NOTHING,
            "commitments": NOTHING,
            "market_assessment": NOTHING,
            "next_step": IF_GIVEN,
            "cancel_reason": IF_GIVEN,
        },
    ),
    Personal(
        "visit_series",
        ("customer_id", "opportunity_id"),
        {"purpose": WORD, "customer_value": NOTHING, "place": NOTHING, "city": NOTHING},
        key=None,
    ),
    Personal("quotes", ("customer_id", "opportunity_id"), {"close_reason": IF_GIVEN}),
    Personal(
        "samples",
        ("customer_id", "opportunity_id"),
        {"note": NOTHING, "close_reason": IF_GIVEN},
    ),
    Personal(
        "contracts",
        ("customer_id", "opportunity_id"),
        {
            "terms": NOTHING,
            "instalments": UNCONDITIONAL,
            "cancel_reason": IF_GIVEN,
            "credit_override_reason": IF_GIVEN,
        },
    ),
    Personal("contract_instalments", ("contract_id",), {"condition": IF_GIVEN}, key=None),
    Personal(
        "contract_amendments",
        ("contract_id",),
        {"reason": IF_GIVEN, "terms": NOTHING, "instalments": UNCONDITIONAL},
    ),
    Personal("receipts", ("customer_id",), {"reference": NOTHING, "close_reason": IF_GIVEN}),
    Personal("receipt_allocations", ("receipt_id",), {"release_reason": IF_GIVEN}, key=None),
    Personal("customer_group_refs", ("customer_id",), key=None),
    Personal("credit_limit_refs", ("customer_id",), key=None),
    Personal("credit_report_refs", ("customer_id",), key=None),
    Personal("credit_account_refs", ("customer_id",), {"block_reason": NOTHING}, key=None),
    Personal("price_lists", ("customer_id",), {"name": WORD}),
    Personal("quotation_traits", ("id",), {"traits": NO_TRAITS}),
    Personal("approvals", ("customer_id",)),
    Personal("approval_decisions", ("approval_id",), {"reason": IF_GIVEN}, key=None),
    Personal("opportunity_competitors", ("opportunity_id",), {"note": NOTHING}),
    Personal("comparison_sheets", ("opportunity_id",), {"title": WORD, "criteria": "'[]'::jsonb"}),
    Personal("opportunity_assessments", ("opportunity_id",)),
    Personal(
        "projects",
        ("customer_id", "opportunity_id"),
        {
            "topic": WORD,
            "goal": NOTHING,
            "content": NOTHING,
            "milestones": NAMELESS,
            "summary": IF_GIVEN,
            "cancel_reason": IF_GIVEN,
        },
    ),
    Personal("project_lines", ("project_id",), {"give_up_reason": IF_GIVEN}),
    Personal(
        "project_deliveries",
        ("customer_id", "project_id"),
        {"receiver": NOTHING, "reverse_reason": IF_GIVEN},
    ),
    Personal("opportunity_evaluations", ("opportunity_id",), {"comment": IF_GIVEN}),
    Personal(
        "opportunity_stages",
        ("opportunity_id",),
        {"reason": IF_GIVEN, "override_reason": IF_GIVEN},
    ),
    Personal(
        "opportunity_pool_moves",
        ("opportunity_id",),
        {"reason": IF_GIVEN, "close_reason": IF_GIVEN},
    ),
    Personal("opportunity_assignments", ("opportunity_id",)),
    Personal(
        "collisions",
        ("first_id", "second_id"),
        {
            "entry_reason": IF_GIVEN,
            "claim_reason": IF_GIVEN,
            "claim_proof": IF_GIVEN,
            "contest_reason": IF_GIVEN,
            "decision_reason": IF_GIVEN,
        },
    ),
    Personal("forecast_calls", ("opportunity_id",), {"reason": NOTHING}),
)
"""Parents before children."""

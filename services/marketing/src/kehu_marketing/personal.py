"""What is personal in this service, and goes when a person is erased (C12).

Numbers, days, states, sources and ids stay: so do the figures made from them. A change here needs a
migration that calls `forget` again.
"""

from kehu_kernel.erasure_schema import IF_GIVEN, NOTHING, PSEUDONYM, WORD, Personal

CONTACT = {"contact_name": NOTHING, "contact_phone": NOTHING, "contact_email": NOTHING}

PERSONAL = (
    Personal("customer_refs", ("id",), {"name": PSEUDONYM}, key=None),
    Personal(
        "leads",
        ("customer_id",),
        {
            "topic": WORD,
            "external_ref": NOTHING,
            "source_detail": NOTHING,
            "customer_name": IF_GIVEN,
            **CONTACT,
            "need": NOTHING,
            "disqualified_reason": IF_GIVEN,
            "last_error": IF_GIVEN,
        },
        computed=frozenset({"last_error"}),
    ),
    # A contact of a company that is not erased: the rest of the lead is the company's.
    Personal("leads", ("contact_id",), CONTACT),
    Personal(
        "conversions",
        ("lead_id",),
        {"last_error": IF_GIVEN},
        computed=frozenset({"last_error"}),
        key=None,
    ),
)
"""Parents before children."""

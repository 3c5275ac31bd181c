"""What is personal in this service, and goes when a person is erased (C12).

Every figure stays: what was sold, won and paid is counted under the same id as before, without a
name. A change here needs a migration that calls `forget` again.
"""

from kehu_kernel.erasure_schema import IF_GIVEN, NOTHING, PSEUDONYM, WORD, Personal

PERSONAL = (
    Personal(
        "customer_facts",
        ("id",),
        {"name": PSEUDONYM, "code": NOTHING, "source": NOTHING},
        key=None,
    ),
    Personal("opportunity_facts", ("customer_id",), {"topic": WORD, "close_reason": IF_GIVEN}),
)
"""Parents before children."""

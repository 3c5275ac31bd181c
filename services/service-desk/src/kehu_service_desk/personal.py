"""What is personal in this service, and goes when a person is erased (C12).

Numbers, days, states, products and ids stay: so do the figures made from them. A change here needs
a migration that calls `forget` again.
"""

from kehu_kernel.erasure_schema import IF_GIVEN, NOTHING, PSEUDONYM, WORD, Personal

PERSONAL = (
    Personal("customer_refs", ("id",), {"name": PSEUDONYM}, key=None),
    Personal("product_files", ("customer_id",), {"withdraw_reason": IF_GIVEN}),
    Personal(
        "requests",
        ("customer_id",),
        {"problem": WORD, "external_ref": NOTHING, "result": IF_GIVEN, "resolution": IF_GIVEN},
    ),
    Personal("request_steps", ("request_id",), {"note": IF_GIVEN}),
    Personal("dispatch_orders", ("request_id",), {"note": NOTHING}),
    Personal("dispatch_handlers", ("dispatch_order_id",), {"reason": IF_GIVEN}),
)
"""Parents before children."""

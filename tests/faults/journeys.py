"""What people do with a customer relationship system: journeys through all five services."""

from datetime import datetime
from zoneinfo import ZoneInfo

from faults.load import Body, Journey, Load, Tenant

CNY = "CNY"
CONVERT = "marketing.lead.convert"
STAGES = [
    {"code": "understand", "name": "了解情况", "planned_days": 5, "success_rate": 10},
    {"code": "sign", "name": "签约", "planned_days": 5, "success_rate": 90},
]


def business_day() -> str:
    """Today, where the tenants' days are cut."""
    return datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()


async def found(load: Load, tenant: Tenant) -> None:
    """Give a tenant staff, a product, a sales method, a value model and its first customers."""
    department = await load.do(
        tenant,
        "customer.department.create",
        "/customer/v1/departments",
        {"code": "d", "name": tenant.new("department")},
        "customer.department-created.v1",
    )
    for number in range(3):
        employee = await load.do(
            tenant,
            "customer.employee.create",
            "/customer/v1/employees",
            {
                "code": f"e{number}",
                "name": tenant.new("employee"),
                "department_id": department["id"],
            },
            "customer.employee-created.v1",
        )
        tenant.employees.append(employee["id"])
    await _offer(load, tenant)
    await load.do(
        tenant,
        "sales.method.create",
        "/sales/v1/methods",
        {"code": "m", "name": tenant.new("method"), "is_default": True, "stages": STAGES},
        "sales.method-created.v1",
    )
    await load.insist(tenant, "/analytics/v1/values/defaults", {"currency": CNY})
    for _ in range(5):
        await _acquire(load, tenant)


async def _offer(load: Load, tenant: Tenant) -> Body:
    product = await load.do(
        tenant,
        "sales.product.create",
        "/sales/v1/products",
        {
            "code": tenant.new("p"),
            "name": tenant.new("product"),
            "list_price": {"amount": "1000.00", "currency": CNY},
        },
        "sales.product-created.v1",
    )
    tenant.products.append(product["id"])
    return product


async def _acquire(load: Load, tenant: Tenant) -> Body:
    customer = await load.do(
        tenant,
        "customer.create",
        "/customer/v1/customers",
        {"kind": "organisation", "name": tenant.new("customer")},
        "customer.customer-created.v1",
    )
    tenant.customers.append(customer["id"])
    return customer


async def win_customer(load: Load, tenant: Tenant) -> None:
    """A customer with two contacts, approved for trade."""
    customer = await _acquire(load, tenant)
    for _ in range(2):
        await load.do(
            tenant,
            "customer.contact.create",
            "/customer/v1/contacts",
            {"customer_id": customer["id"], "name": tenant.new("contact")},
            "customer.contact-created.v1",
        )
    await load.do(
        tenant,
        "customer.promote",
        f"/customer/v1/customers/{customer['id']}/promote",
        {},
        "customer.customer-promoted.v1",
    )


async def look_after(load: Load, tenant: Tenant) -> None:
    """A customer that others change at the same time."""
    path = f"/customer/v1/customers/{load.random.choice(tenant.customers[:8])}"
    seen = await load.look(tenant, path)
    others = [one for one in tenant.employees if one != seen.json()["owner_id"]]
    await load.do(
        tenant,
        "customer.hand-over",
        f"{path}/hand-over",
        {"owner_id": load.random.choice(others), "reason": tenant.new("reason")},
        "customer.customer-handed-over.v1",
        etag=seen.headers["etag"],
    )
    seen = await load.look(tenant, path)
    await load.do(
        tenant,
        "customer.change",
        path,
        {"industry": tenant.new("industry")},
        "customer.customer-changed.v1",
        method="PATCH",
        etag=seen.headers["etag"],
    )


async def lose_customer(load: Load, tenant: Tenant) -> None:
    """A customer that is entered and ends."""
    customer = await load.do(
        tenant,
        "customer.create",
        "/customer/v1/customers",
        {"kind": "person", "name": tenant.new("person")},
        "customer.customer-created.v1",
    )
    await load.do(
        tenant,
        "customer.end",
        f"/customer/v1/customers/{customer['id']}/end",
        {"reason": tenant.new("reason")},
        "customer.customer-ended.v1",
    )


async def widen_range(load: Load, tenant: Tenant) -> None:
    """A new product, then another price."""
    product = await _offer(load, tenant)
    await load.do(
        tenant,
        "sales.product.change",
        f"/sales/v1/products/{product['id']}",
        {"list_price": {"amount": "1200.00", "currency": CNY}},
        "sales.product-changed.v1",
        method="PATCH",
        etag=f'"{product["version"]}"',
    )


async def sell(load: Load, tenant: Tenant) -> None:
    """An opportunity from its first day to its end."""
    body = {
        "topic": tenant.new("opportunity"),
        "customer_id": load.random.choice(tenant.customers),
        "lines": [{"product_id": load.random.choice(tenant.products), "quantity": "2"}],
    }
    opportunity = await load.do(
        tenant,
        "sales.opportunity.create",
        "/sales/v1/opportunities",
        body,
        "sales.opportunity-created.v1",
    )
    ended = {"closed_on": business_day(), "reason": tenant.new("reason")}
    lost = load.random.random() < 0.3
    steps: list[tuple[str, Body, str]] = [
        ("submit", {"evaluator_id": tenant.employees[0]}, "submitted"),
        ("evaluate", {"result": "pass"}, "evaluated"),
        ("promote", {}, "stage-entered"),
        ("lose", ended | {"competitor_unknown": True}, "lost") if lost else ("win", ended, "won"),
    ]
    for step, sent, fact in steps:
        await load.do(
            tenant,
            f"sales.opportunity.{step}",
            f"/sales/v1/opportunities/{opportunity['id']}/{step}",
            sent,
            f"sales.opportunity-{fact}.v1",
        )
        if step == "evaluate":
            await _work_on(load, tenant, opportunity["id"])


async def _work_on(load: Load, tenant: Tenant, opportunity_id: str) -> None:
    await load.do(
        tenant,
        "sales.activity.record",
        "/sales/v1/activities",
        {"opportunity_id": opportunity_id, "kind": "visit", "topic": tenant.new("visit")},
        "sales.activity-recorded.v1",
    )
    await load.do(
        tenant,
        "sales.task.create",
        "/sales/v1/tasks",
        {"opportunity_id": opportunity_id, "topic": tenant.new("task")},
        "sales.task-created.v1",
    )
    await load.do(
        tenant,
        "sales.quote.create",
        "/sales/v1/quotes",
        {"opportunity_id": opportunity_id},
        "sales.quote-created.v1",
    )


async def serve(load: Load, tenant: Tenant) -> None:
    """A registered product, and a request about it until it is closed."""
    customer, file = await _product_file(load, tenant)
    request = await load.do(
        tenant,
        "service-desk.request.create",
        "/service-desk/v1/requests",
        {
            "customer_id": customer,
            "product_file_id": file,
            "problem": tenant.new("problem"),
            "channel": "phone",
        },
        "service-desk.request-created.v1",
    )
    follower, handler = tenant.employees[0], tenant.employees[1]
    steps: list[tuple[str, Body, str]] = [
        ("assign", {"follower_id": follower}, "assigned"),
        ("dispatch", {"handler_ids": [handler]}, "dispatched"),
        ("accept", {"handler_id": handler, "reason": tenant.new("reason")}, "accepted"),
        ("handle", {"handler_id": handler, "result": tenant.new("result")}, "handled"),
        ("close", {"resolution": tenant.new("resolution")}, "closed"),
    ]
    for step, body, fact in steps:
        await load.do(
            tenant,
            f"service-desk.request.{step}",
            f"/service-desk/v1/requests/{request['id']}/{step}",
            body,
            f"service-desk.request-{fact}.v1",
        )


async def _product_file(load: Load, tenant: Tenant) -> tuple[str, str]:
    if tenant.files and load.random.random() < 0.5:
        return load.random.choice(tenant.files)
    customer = load.random.choice(tenant.customers)
    file = await load.do(
        tenant,
        "service-desk.product-file.create",
        "/service-desk/v1/product-files",
        {
            "customer_id": customer,
            "product_name": tenant.new("product"),
            "serial_number": tenant.new("serial"),
            "register": True,
        },
        "service-desk.product-file-registered.v1",
    )
    tenant.files.append((customer, file["id"]))
    return customer, file["id"]


async def market(load: Load, tenant: Tenant) -> None:
    """A lead that is converted, or given up."""
    lead = await load.do(
        tenant,
        "marketing.lead.create",
        "/marketing/v1/leads",
        {
            "topic": tenant.new("lead"),
            "source": "seminar",
            "customer_name": tenant.new("company"),
            "contact_name": tenant.new("person"),
        },
        "marketing.lead-created.v1",
    )
    path = f"/marketing/v1/leads/{lead['id']}"
    if load.random.random() < 0.2:
        await load.do(
            tenant,
            "marketing.lead.disqualify",
            f"{path}/disqualify",
            {"reason": tenant.new("reason")},
            "marketing.lead-changed.v1",
        )
    else:
        await load.do(tenant, CONVERT, f"{path}/convert", {}, "marketing.lead-changed.v1")


JOURNEYS: dict[Journey, int] = {
    win_customer: 4,
    look_after: 4,
    lose_customer: 1,
    widen_range: 2,
    sell: 5,
    serve: 4,
    market: 5,
}
"""What people do, and how often."""

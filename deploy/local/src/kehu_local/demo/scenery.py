"""Beside the files' opportunities: the value model, product files, service requests and leads.

The files say nothing of service and marketing. So that these services can be looked at too, a few
of their records are invented here; they are counted apart and touch no figure of the files.
"""

from typing import Any

from kehu_local.demo.api import Api
from kehu_local.demo.files import DemoData

CURRENCY = "USD"
LAST_LEAD = "demo-lead-last"
PRODUCT_FILES = 12

PROBLEMS = (
    ("phone", "high", "服务器开机后风扇异响，温度报警"),
    ("web", "normal", "License dialog appears although the licence is paid"),
    ("e_mail", "low", "请提供最新的操作手册"),
    ("app", "urgent", "Production line stopped: the controller does not start"),
    ("visit", "normal", "客户希望增加两个工作站"),
    ("phone", "normal", "Printer queue hangs every Monday"),
)
LEADS = (
    ("seminar", "上海工业软件展会咨询", "上海启明自动化有限公司", "陈晓明"),
    ("advertising", "Asks for a GTX Pro trial", "Nordwind Logistics", "Ada Berg"),
    ("telephone", "想更换旧款 MG 设备", "广州海蓝医疗器械有限公司", "黄丽"),
)


SCORING: dict[str, list[tuple[str | None, str | None, str]]] = {
    "won_amount": [
        (None, "90000", "20"), ("90000", "125000", "50"),
        ("125000", "170000", "80"), ("170000", None, "100"),
    ],
    "won_count": [
        (None, "35", "20"), ("35", "55", "50"), ("55", "70", "80"), ("70", None, "100"),
    ],
    "win_rate": [(None, "58", "30"), ("58", "65", "60"), ("65", None, "90")],
}  # fmt: skip
"""Dimension to intervals (from, to, points), cut so that the files' accounts make a pyramid."""

GRADES = (
    ("C", "一般客户", "General", None, "55"),
    ("B", "潜力客户", "Potential", "55", "85"),
    ("A", "关键客户", "Key", "85", None),
)
WEIGHTS = {"won_amount": "60", "won_count": "20", "win_rate": "20"}


def set_value_model(api: Api) -> None:
    """Set up scoring options and grades, and activate a value model that weighs them."""
    for dimension, steps in SCORING.items():
        api.put_new(
            f"/analytics/v1/scoring-options/{dimension}",
            {
                "currency": CURRENCY if dimension == "won_amount" else None,
                "intervals": [{"from": low, "to": high, "points": p} for low, high, p in steps],
            },
        )
    grades = [
        {"code": code, "name_zh": zh, "name_en": en, "from": low, "to": high}
        for code, zh, en, low, high in GRADES
    ]
    api.put_new("/analytics/v1/value-grades", {"grades": grades})
    model = api.post(
        "/analytics/v1/value-models", {"name": "ABC", "weights": WEIGHTS}, key="value-model"
    )
    api.post(f"/analytics/v1/value-models/{model['id']}/activate", {}, key="activate-value-model")


def play(
    api: Api,
    data: DemoData,
    customers: dict[str, str],
    products: dict[str, str],
    employees: dict[str, str],
) -> int:
    """Enter product files, service requests and leads; return how many records were made."""
    staff = sorted(employees.values())
    files = _register_product_files(api, data, customers, products)
    for number, (channel, priority, problem) in enumerate(PROBLEMS):
        customer_id, file_id = files[number]
        body = {
            "customer_id": customer_id,
            "product_file_id": file_id,
            "channel": channel,
            "priority": priority,
            "problem": problem,
        }
        request = api.post("/service-desk/v1/requests", body, key=f"request-{number}")["id"]
        _work_on(api, request, staff, steps=number)
    leads = []
    for number, (source, topic, company, person) in enumerate(LEADS):
        lead = api.post(
            "/marketing/v1/leads",
            {
                "topic": topic,
                "source": source,
                "customer_name": company,
                "contact_name": person,
                "external_ref": LAST_LEAD if number == len(LEADS) - 1 else f"demo-lead-{number}",
            },
            key=f"lead-{number}",
        )
        leads.append(lead["id"])
    api.post(f"/marketing/v1/leads/{leads[0]}/convert", {}, key="convert")
    return len(files) + len(PROBLEMS) + len(LEADS)


def _register_product_files(
    api: Api, data: DemoData, customers: dict[str, str], products: dict[str, str]
) -> list[tuple[str, str]]:
    """Register what the first customers bought; return (customer, product file) ids."""
    sold = sorted(
        (str(deal.closed_on), deal.id, deal.account, deal.product)
        for deal in data.deals
        if deal.stage == "Won" and deal.account
    )[:PRODUCT_FILES]
    made = []
    for closed_on, deal_id, account, product in sold:
        customer_id = customers[str(account)]
        body = {
            "customer_id": customer_id,
            "product_id": products[product],
            "product_name": product,
            "serial_number": f"SN-{deal_id}",
            "delivered_on": closed_on,
            "register": True,
        }
        file = api.post("/service-desk/v1/product-files", body, key=f"product-file-{deal_id}")
        made.append((customer_id, str(file["id"])))
    return made


def _work_on(api: Api, request: str, staff: list[str], *, steps: int) -> None:
    """Lead a request the given number of steps along its way, from assigned to closed."""
    follower, handler = staff[0], staff[1]
    way: list[tuple[str, dict[str, Any]]] = [
        ("assign", {"follower_id": follower}),
        ("dispatch", {"handler_ids": [handler]}),
        ("accept", {"handler_id": handler, "reason": "在附近，今天可以到场"}),
        ("handle", {"handler_id": handler, "result": "Replaced the fan", "parts": []}),
        ("close", {"resolution": "客户确认问题已解决"}),
    ]
    for command, body in way[:steps]:
        api.post(f"/service-desk/v1/requests/{request}/{command}", body, key=f"{command}-{request}")


def is_complete(api: Api) -> bool:
    """Return whether the demo was loaded to its end."""
    return api.found("/marketing/v1/leads", external_ref=LAST_LEAD)


def opportunities_seen(api: Api, data: DemoData) -> int:
    """Return how many opportunities analytics counts: in the funnel, won and lost."""
    day = data.last_day.isoformat()
    funnel = api.get("/analytics/v1/funnel", as_of=day)
    in_funnel = sum(block["total"]["count"] for block in funnel["currencies"])
    period = {"from": "2016-01-01", "to": day}
    decided = api.get("/analytics/v1/win-rate", **period)["total"]
    return int(in_funnel + decided["won"] + decided["lost"])


def figures(api: Api, data: DemoData) -> list[str]:
    """Return what analytics says about the files' business, in a few lines."""
    day = data.last_day.isoformat()
    lines = []
    for block in api.get("/analytics/v1/funnel", as_of=day)["currencies"]:
        for stage in block["stages"]:
            amount, weighted = stage["amount"]["amount"], stage["weighted_amount"]["amount"]
            lines.append(
                f"{stage['stage_name']}: {stage['count']} opportunities, "
                f"{amount} {block['currency']}, weighted {weighted}"
            )
    total = api.get("/analytics/v1/win-rate", **{"from": "2016-01-01", "to": day})["total"]
    amounts = ", ".join(f"{one['amount']} {one['currency']}" for one in total["won_amounts"])
    lines.append(f"won {total['won']}, lost {total['lost']}: {total['win_rate']} %, {amounts}")
    levels = api.get("/analytics/v1/pyramid")["levels"]
    lines.append(
        "customers by value: "
        + ", ".join(f"{level['grade']} {level['customers']}" for level in levels)
    )
    return lines

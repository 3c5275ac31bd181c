"""From the opportunity to the money with the Chinese companies: quotes, contracts, projects.

Each trade customer chosen is further than the one before, round and round: quoted, under contract,
paid in part, overdue, delivered and closed.
"""

from datetime import timedelta
from typing import Any

from kehu_local.demo.api import Api
from kehu_local.demo.chinese import Chinese
from kehu_local.demo.pursuing import ask_consent, pursue, stand_beside

SALES = "/sales/v1"
DEALS = 10
"""So many trade customers buy something."""
FAR = ("quoted", "contracted", "overdue", "executing", "closed")
"""How far their business is."""

METHOD: dict[str, Any] = {
    "code": "cn-equipment",
    "name": "设备销售与交付",
    "stages": [
        {"code": code, "name": name, "planned_days": days, "success_rate": rate}
        for code, name, days, rate in (
            ("prepare", "备货", 10, 30),
            ("install", "安装调试", 15, 60),
            ("accept", "验收", 5, 90),
        )
    ],
}
PRODUCTS = (
    ("CN-SRV", "机架式服务器", "台", "50000.00", "42000.00", "infrastructure"),
    ("CN-WS", "图形工作站", "台", "18000.00", "15000.00", "infrastructure"),
    ("CN-SVC", "安装与培训", "次", "8000.00", "6000.00", "services"),
)
AGREED = (("CN-SRV", "1", "49000.00"), ("CN-SRV", "10", "46500.00"), ("CN-WS", "1", "17500.00"))
"""The list for everybody: product, from quantity, price."""


def sell(api: Api, data: Chinese) -> None:
    """Sell to trade customers, each deal as far as it came."""
    products = _offer(api, data)
    api.post(f"{SALES}/methods", METHOD, key="cn-sell-method")
    trading = [one for one in data.companies if one["state"] == "trade" and one["owner"]]
    open_ones = [
        opportunity
        for number, one in enumerate(trading[3::4][:DEALS])
        if (opportunity := _deal(api, data, one, number, products))
    ]
    servers = {"product_id": products["CN-SRV"], "quantity": "1"}
    stand_beside(api, data, open_ones[0], servers)
    ask_consent(api, open_ones[-1], [servers | {"quantity": "60"}])


def _offer(api: Api, data: Chinese) -> dict[str, str]:
    """Enter products, and the prices that hold for everybody; return the products' ids."""
    ids = {}
    for code, name, unit, price, floor, category in PRODUCTS:
        goods = category == "infrastructure"
        body = {
            "code": code, "name": name, "unit": unit, "category": category,
            "list_price": {"amount": price, "currency": "CNY"},
            "floor_price": {"amount": floor, "currency": "CNY"},
            "creates_product_file": goods, "service_enabled": goods,
            "warranty_months": 36 if goods else None,
        }  # fmt: skip
        ids[code] = api.post(f"{SALES}/products", body, key=f"cn-sell-{code}")["id"]
    made = api.post(
        f"{SALES}/price-lists",
        {"name": "标准协议价", "audience": "everybody", "starts_on": data.days_ago(200)},
        key="cn-sell-prices",
    )
    path = f"{SALES}/price-lists/{made['id']}"
    if api.get(path)["state"] == "draft":
        lines = [
            {"product_id": ids[code], "from_quantity": quantity, "price": price}
            for code, quantity, price in AGREED
        ]
        api.post(f"{path}/lines", {"lines": lines}, key="cn-sell-price-lines")
        api.post(f"{path}/submit", {}, key="cn-sell-prices-submit")
    return ids


def _deal(
    api: Api, data: Chinese, one: dict[str, str], number: int, products: dict[str, str]
) -> dict[str, Any] | None:
    """Quote, agree, collect, deliver, as far as it came; return the opportunity if it is open."""
    key = f"cn-sell-{one['ref']}"
    far = FAR.index(FAR[number % len(FAR)])
    ago = 80 - 5 * number
    lines: list[dict[str, Any]] = [
        {"product_id": products["CN-SRV"], "quantity": str(2 + 3 * number)},
        {"product_id": products["CN-SVC"], "quantity": "1"},
    ]
    opportunity = pursue(api, data, one, lines, ago + 10)
    quote = api.post(
        f"{SALES}/quotes",
        {
            "opportunity_id": opportunity["id"],
            "owner_id": data.employees[one["owner"]],
            "lines": lines,
            "on": data.days_ago(ago),
            "expires_on": (data.today + timedelta(days=30)).isoformat(),
        },
        key=f"{key}-quote",
    )
    api.post(f"{SALES}/quotes/{quote['id']}/submit", {}, key=f"{key}-submit")
    api.post(
        f"{SALES}/quotes/{quote['id']}/send", {"on": data.days_ago(ago - 1)}, key=f"{key}-send"
    )
    if far < FAR.index("contracted"):
        return opportunity
    accepted = {"on": data.days_ago(ago - 4)}
    api.post(f"{SALES}/quotes/{quote['id']}/accept", accepted, key=f"{key}-accept")
    contract = _contract(api, data, quote, ago - 5, overdue=FAR[far] == "overdue", key=key)
    won = {"closed_on": data.days_ago(ago - 6), "reason": "方案与服务响应优于对手"}
    api.post(f"{SALES}/opportunities/{opportunity['id']}/win", won, key=f"{key}-win")
    if far >= FAR.index("executing"):
        _deliver(api, data, one, contract, closed=FAR[far] == "closed", key=key)
    return None


def _contract(
    api: Api, data: Chinese, quote: dict[str, Any], ago: int, *, overdue: bool, key: str
) -> dict[str, Any]:
    """A contract with three instalments, of which the first is paid; the second may be late."""
    due = (data.days_ago(ago), data.days_ago(10 if overdue else -20), data.days_ago(-90))
    plan = [
        {"due_on": day, "percent": percent, "condition": condition}
        for day, percent, condition in zip(
            due, ("30", "60", "10"), ("合同签订", "到货验收", "质保期满"), strict=True
        )
    ]
    body = {
        "quote_id": quote["id"], "signed_on": data.days_ago(ago), "instalments": plan,
        "settlement_method": "电汇", "on_account": False,
    }  # fmt: skip
    contract = api.post(f"{SALES}/contracts", body, key=f"{key}-contract")
    path = f"{SALES}/contracts/{contract['id']}"
    contract = api.post(f"{path}/submit", {}, key=f"{key}-contract-submit")
    receipt = {
        "customer_id": contract["customer_id"], "contract_id": contract["id"],
        "amount": contract["instalments"][0]["amount"], "received_on": data.days_ago(ago - 2),
        "method": "电汇",
    }  # fmt: skip
    api.post(f"{SALES}/receipts", receipt, key=f"{key}-receipt")
    return contract


def _deliver(
    api: Api,
    data: Chinese,
    one: dict[str, str],
    contract: dict[str, Any],
    *,
    closed: bool,
    key: str,
) -> None:
    """A project that delivers the contract; one that is closed is summed up."""
    method = api.get(f"{SALES}/methods", code=METHOD["code"])["items"][0]["id"]
    project = api.post(
        f"{SALES}/projects",
        {
            "contract_id": contract["id"], "topic": f"{one['name']} 设备交付", "method_id": method,
            "leader_id": data.employees[one["owner"]],
            "planned_start_on": data.days_ago(20), "planned_end_on": data.days_ago(-20),
            "milestones": [{"name": "到货", "planned_on": data.days_ago(5)}],
        },
        key=f"{key}-project",
    )  # fmt: skip
    path = f"{SALES}/projects/{project['id']}"
    api.post(f"{path}/submit", {}, key=f"{key}-project-submit")
    api.post(f"{path}/execute", {"on": data.days_ago(12)}, key=f"{key}-project-execute")
    api.post(
        f"{path}/promote",
        {"next_stage": "install", "on": data.days_ago(8)},
        key=f"{key}-project-install",
    )
    lines = [
        {"line_number": line["line_number"], "quantity": line["quantity"]}
        for line in project["lines"]
    ]
    delivered = {"lines": lines, "on": data.days_ago(6), "receiver": "设备科"}
    api.post(f"{path}/deliver", delivered, key=f"{key}-delivery")
    milestone = project["milestones"][0]["id"]
    api.post(
        f"{path}/milestones/{milestone}/reach", {"on": data.days_ago(6)}, key=f"{key}-milestone"
    )
    if not closed:
        return
    for following, ago in (("accept", 4), (None, 2)):
        step = {"next_stage": following, "on": data.days_ago(ago)}
        api.post(f"{path}/promote", step, key=f"{key}-project-{following}")
    if api.get(path)["summary"] is None:
        api.change(path, {"summary": "按期到货，一次验收合格，客户满意。"})
    api.post(f"{path}/close", {}, key=f"{key}-project-close")

"""Loading the demo through the public APIs, in date order, and checking what analytics makes of it.

A load can be interrupted and run again, and does nothing when everything is there.
"""

import time
from collections.abc import Callable, Iterable
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from kehu_local.config import DEMO_TENANT, DemoSet, LocalConfig
from kehu_local.demo import chinese, files, scenery, scenes, timeline
from kehu_local.demo.api import Api
from kehu_local.errors import LocalError
from kehu_local.issuer import mint_token

CURRENCY = "USD"
SETTLE_SECONDS = 120.0
NOT_HEARD_OF = ("unknown-customer", "unknown-department", "unknown-employee")
Advance = Callable[[int], None]


def load(config: LocalConfig, console: Console, sets: Iterable[DemoSet]) -> None:
    """Load demo sets into the demo tenant, print what there is to see; raise `LocalError`."""
    token = mint_token(
        config, tenant=DEMO_TENANT, subject="demo-administrator", roles=["administrator"]
    )
    api = Api(config.gateway_url, token)
    loaders = {DemoSet.HARDWARE: _load_hardware, DemoSet.CHINESE: _load_chinese}
    try:
        for one in dict.fromkeys(sets):
            loaders[one](api, console)
    finally:
        api.close()


def _load_hardware(api: Api, console: Console) -> None:
    if scenery.is_complete(api):
        console.print("The demo data of the hardware seller is there.")
        return
    data = files.read()
    with _progress(console) as progress:
        load_into(api, data, progress)
    _report(api, data, console)


def _load_chinese(api: Api, console: Console) -> None:
    if scenes.is_complete(api):
        console.print("The Chinese companies are there.")
        return
    data = chinese.read()
    with _progress(console) as progress:
        chinese.load_into(api, data, scenes.SCENES, progress)
    console.print("Chinese companies:")
    for line in scenes.figures(api):
        console.print(f"  {line}", highlight=False, soft_wrap=True)


def load_into(api: Api, data: files.DemoData, progress: Progress) -> None:
    """Replay the files through the APIs; return when analytics has caught up."""
    directory = progress.add_task("directory", total=None)
    employees, departments = load_directory(api, data)
    progress.update(directory, completed=len(employees), total=len(employees))
    companies = progress.add_task("customers", total=len(data.accounts))
    customers = load_customers(api, data, employees, _advance(progress, companies))
    products = load_products(api, data)
    scenery.set_value_model(api)
    steps = timeline.steps(data, customers, products, employees, departments)
    replay = progress.add_task("opportunity commands", total=len(steps))
    replay_opportunities(api, steps, _advance(progress, replay))
    promote_customers(api, data, customers)
    analytics = progress.add_task("analytics", total=len(data.deals))
    await_analytics(api, data, lambda done: progress.update(analytics, completed=done))
    service = progress.add_task("service and leads", total=None)
    done = scenery.play(api, data, customers, products, employees)
    progress.update(service, completed=done, total=done)


def load_directory(api: Api, data: files.DemoData) -> tuple[dict[str, str], dict[str, str]]:
    """Enter offices, managers and sales people; return employee and department ids by person."""
    company = api.post(
        "/customer/v1/departments",
        {"code": "sales", "name": "销售部 Sales"},
        key="department-sales",
    )["id"]
    departments, territories = {}, {}
    for office in sorted({agent.office for agent in data.agents}):
        code = office.lower()
        departments[office] = api.post(
            "/customer/v1/departments",
            {"code": code, "name": office, "parent_id": company},
            key=f"department-{code}",
        )["id"]
        territories[office] = api.post(
            "/customer/v1/territories", {"code": code, "name": office}, key=f"territory-{code}"
        )["id"]
    employees: dict[str, str] = {}
    offices = {agent.manager: agent.office for agent in data.agents}
    people: list[tuple[str, str, str | None]] = [
        (name, office, None) for name, office in sorted(offices.items())
    ]
    people += [(agent.name, agent.office, agent.manager) for agent in data.agents]
    for name, office, manager in people:
        code = name.lower().replace(" ", ".")
        employees[name] = api.post(
            "/customer/v1/employees",
            {
                "code": code,
                "name": name,
                "department_id": departments[office],
                "territory_id": territories[office],
                "manager_id": employees[manager] if manager else None,
            },
            key=f"employee-{code}",
        )["id"]
    return employees, {name: departments[office] for name, office, _ in people}


def load_customers(
    api: Api, data: files.DemoData, employees: dict[str, str], advance: Advance
) -> dict[str, str]:
    """Enter the accounts, parents first; return customer ids by name.

    The files name no owner: it is the sales person of the account's first opportunity.
    """
    begun: dict[str, tuple[str, str]] = {}  # account: day of its first opportunity, sales person
    for deal in sorted(data.deals, key=lambda deal: (deal.engaged_on or data.last_day, deal.id)):
        if deal.account:
            day = (deal.engaged_on or data.last_day).isoformat()
            begun.setdefault(deal.account, (day, deal.agent))
    customers: dict[str, str] = {}
    for account in sorted(data.accounts, key=lambda account: account.parent is not None):
        created_on, agent = begun[account.name]
        customers[account.name] = api.post(
            "/customer/v1/customers",
            {
                "kind": "organisation",
                "name": account.name,
                "external_ref": f"demo:{account.name}",
                "roles": ["merchant"],
                "parent_id": customers[account.parent] if account.parent else None,
                "owner_id": employees[agent],
                "industry": account.sector,
                "country": account.country,
                "source": "demo",
                "founded_year": account.founded_year,
                "employee_count": account.employees,
                "annual_revenue": {"amount": f"{account.revenue:.2f}", "currency": CURRENCY},
                "created_on": created_on,
            },
            key=f"customer-{account.name}",
        )["id"]
        advance(1)
    return customers


def load_products(api: Api, data: files.DemoData) -> dict[str, str]:
    """Enter the products and the sales method; return product ids by name."""
    api.post("/sales/v1/methods", timeline.METHOD, key="method")
    return {
        product.name: api.post(
            "/sales/v1/products",
            {
                "code": product.name.lower().replace(" ", "-"),
                "name": product.name,
                "series": product.series,
                "list_price": {"amount": f"{product.price:.2f}", "currency": CURRENCY},
            },
            key=f"product-{product.name}",
        )["id"]
        for product in data.products
    }


def replay_opportunities(api: Api, steps: list[timeline.Step], advance: Advance) -> None:
    """Send all steps in date order, in batches. Raises `LocalError` if one is refused."""
    known: dict[str, str] = {}
    for number, batch in enumerate(timeline.batches(steps)):
        commands, attempt = timeline.addressed(batch, known), 0
        while commands:
            answer = api.post(
                "/sales/v1/opportunities/batch",
                {"commands": commands},
                key=f"batch-{number}-{attempt}",
            )
            commands = _still_to_do(commands, answer["items"], known)
            attempt += 1
            if commands:
                if attempt > SETTLE_SECONDS:
                    raise LocalError(f"Sales does not know the demo customers: {commands[0]}")
                time.sleep(1)  # sales has not heard of the newest customers yet
        advance(len(batch))


def _still_to_do(
    commands: list[dict[str, Any]], results: list[dict[str, Any]], known: dict[str, str]
) -> list[dict[str, Any]]:
    """Note the ids of what was made; return what has to be sent again.

    Only customers and employees that sales has not heard of yet, and the later steps of their
    opportunities, may be refused.
    """
    waiting: set[str] = set()
    again = []
    for command, result in zip(commands, results, strict=True):
        ref = str(command.get("ref"))
        if result["status"] == "ok":
            if command["op"] == "create":
                known[ref] = result["opportunity_id"]
        elif result["problem"]["code"] in NOT_HEARD_OF or ref in waiting:
            waiting.add(ref)
            again.append(command)
        else:
            raise LocalError(f"A demo command was refused: {command}: {result['problem']}")
    return again


def promote_customers(api: Api, data: files.DemoData, customers: dict[str, str]) -> None:
    """Make every account that has bought a trade customer, as of its first purchase."""
    bought: dict[str, str] = {}
    for deal in sorted(data.deals, key=lambda deal: str(deal.closed_on)):
        if deal.stage == "Won" and deal.account and deal.closed_on:
            bought.setdefault(deal.account, deal.closed_on.isoformat())
    for account, day in bought.items():
        api.post(
            f"/customer/v1/customers/{customers[account]}/promote",
            {"on": day},
            key=f"promote-{account}",
        )


def await_analytics(api: Api, data: files.DemoData, told: Callable[[int], None]) -> None:
    """Wait until analytics counts every opportunity of the files."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        done = scenery.opportunities_seen(api, data)
        told(done)
        if done >= len(data.deals):
            return
        if time.monotonic() > deadline:
            raise LocalError(f"Analytics has seen {done} of {len(data.deals)} opportunities.")
        time.sleep(0.5)


def _advance(progress: Progress, task: Any) -> Advance:
    return lambda count: progress.advance(task, count)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("  {task.description:<22}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )


def _report(api: Api, data: files.DemoData, console: Console) -> None:
    console.print("Loaded as of", data.last_day.isoformat())
    for line in scenery.figures(api, data):
        console.print(f"  {line}", highlight=False, soft_wrap=True)
    console.print("Found in the files:")
    for what, count in data.dirt.items():
        console.print(f"  {count:>5}  {what}", highlight=False, soft_wrap=True)

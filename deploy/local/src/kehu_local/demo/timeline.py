"""What happened to the opportunities, day by day, as commands of the sales service."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from kehu_local.demo.files import Deal, DemoData

BATCH = 500
PROSPECTING, ENGAGING = "prospecting", "engaging"
LOST_REASON = "Not recorded in the source"

METHOD: dict[str, Any] = {
    "code": "hardware",
    "name": "硬件销售 Hardware sales",
    "is_default": True,
    "stages": [
        {"code": PROSPECTING, "name": "接触 Prospecting", "planned_days": 30, "success_rate": 20},
        {"code": ENGAGING, "name": "跟进 Engaging", "planned_days": 60, "success_rate": 60},
    ],
}
"""The sales method the file implies: Prospecting > Engaging > Won / Lost."""

Step = tuple[date, int, str, dict[str, Any]]


def steps(
    data: DemoData,
    customers: dict[str, str],
    products: dict[str, str],
    employees: dict[str, str],
    departments: dict[str, str],
) -> list[Step]:
    """Return every step of every opportunity, in date order: (day, order, opportunity, command).

    An opportunity enters when it was engaged; the file does not say when it was found. One that
    was only prospected has no date at all and enters on the files' last day.
    """
    managers = {agent.name: agent.manager for agent in data.agents}
    timeline: list[Step] = []
    for deal in data.deals:
        opened = deal.engaged_on or data.last_day
        evaluator = employees[managers[deal.agent]]
        lines = [{"product_id": products[deal.product], "quantity": "1"}]
        create = {
            "op": "create",
            "ref": deal.id,
            "external_ref": deal.id,
            "topic": f"{deal.product} – {deal.account or 'account not named'}",
            "customer_id": customers[deal.account] if deal.account else None,
            "owner_id": employees[deal.agent],
            "department_id": departments[deal.agent],
            "lines": lines,
            "opened_on": opened.isoformat(),
        }
        on = {"on": opened.isoformat()}
        commands: list[dict[str, Any]] = [
            create,
            {"op": "submit", "evaluator_id": evaluator, **on},
            {"op": "evaluate", "result": "pass", **on},
        ]
        if deal.engaged_on:
            commands.append({"op": "promote", **on})
        timeline += [(opened, order, deal.id, one) for order, one in enumerate(commands)]
        if deal.closed_on:
            timeline.append((deal.closed_on, len(commands), deal.id, _closing(deal)))
    return sorted(timeline, key=lambda step: step[:3])


def _closing(deal: Deal) -> dict[str, Any]:
    closed_on = deal.closed_on.isoformat() if deal.closed_on else None
    if deal.stage == "Lost":
        return {
            "op": "lose",
            "closed_on": closed_on,
            "reason": LOST_REASON,
            "competitor_unknown": True,  # the file names none
        }
    amount = {"amount": f"{deal.close_value:.2f}", "currency": "USD"}
    return {"op": "win", "closed_on": closed_on, "reason": "Order received", "amount": amount}


def batches(timeline: list[Step]) -> Iterator[list[Step]]:
    """Cut the timeline into batches of a size the API takes."""
    for start in range(0, len(timeline), BATCH):
        yield timeline[start : start + BATCH]


def addressed(batch: list[Step], known: dict[str, str]) -> list[dict[str, Any]]:
    """Return a batch's commands, each saying which opportunity it is about.

    `known` maps the file's ids to those of opportunities made by earlier batches; one that is made
    in this batch is named by its `ref`.
    """
    commands = []
    for _, _, deal_id, command in batch:
        if command["op"] == "create":
            commands.append(command)
        elif deal_id in known:
            commands.append({**command, "opportunity_id": known[deal_id]})
        else:
            commands.append({**command, "ref": deal_id})
    return commands

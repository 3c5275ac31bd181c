"""What the world hears of a delivery."""

from typing import Any

from kehu_contracts import delivering as contract
from kehu_sales.deliveries.models import ProjectDelivery
from kehu_sales.projects.models import Project


def _state(delivery: ProjectDelivery, project: Project) -> dict[str, Any]:
    return {
        "delivery_id": delivery.id,
        "number": delivery.number,
        "project_id": delivery.project_id,
        "project_number": project.number,
        "contract_id": delivery.contract_id,
        "customer_id": delivery.customer_id,
        "employee_id": delivery.employee_id,
        "delivered_on": delivery.delivered_on,
        "receiver": delivery.receiver,
        "lines": [
            contract.DeliveredLine.model_validate(one, from_attributes=True)
            for one in delivery.lines
        ],
    }


def delivered(delivery: ProjectDelivery, project: Project) -> contract.ProjectLinesDelivered:
    return contract.ProjectLinesDelivered(**_state(delivery, project))


def taken_back(delivery: ProjectDelivery, project: Project) -> contract.ProjectDeliveryReversed:
    return contract.ProjectDeliveryReversed(
        **_state(delivery, project),
        reversed_on=delivery.reversed_on or delivery.delivered_on,
        reason=delivery.reverse_reason or "",
    )

"""What the world hears of samples."""

from typing import Any

from kehu_contracts import market
from kehu_sales.lines import contract_lines
from kehu_sales.samples.models import Sample, SampleState


def _state(sample: Sample, changed: list[str]) -> dict[str, Any]:
    return {
        "sample_id": sample.id,
        "number": sample.number,
        "opportunity_id": sample.opportunity_id,
        "customer_id": sample.customer_id,
        "owner_id": sample.owner_id,
        "department_id": sample.department_id,
        "state": sample.state,
        "lines": contract_lines(sample.lines, sample.currency),
        "total": sample.sum,
        "requested_on": sample.requested_on,
        "due_back_on": sample.due_back_on,
        "delivered_on": sample.delivered_on,
        "stage_code": sample.stage_code,
        "closed_on": sample.closed_on,
        "close_reason": sample.close_reason,
        "changed": changed,
    }


def requested(sample: Sample) -> market.SampleRequested:
    return market.SampleRequested(**_state(sample, []))


OF_STATE: dict[str, type[market.SampleFact]] = {
    SampleState.DELIVERED: market.SampleDelivered,
    SampleState.RETURNED: market.SampleEnded,
    SampleState.KEPT: market.SampleEnded,
}


def changed(sample: Sample, fields: list[str]) -> market.SampleFact:
    """Return the event of a change; a step with a name of its own is told by that name."""
    step = OF_STATE.get(sample.state) if "state" in fields else None
    return (step or market.SampleChanged)(**_state(sample, fields))

"""What the world hears of a forecast."""

from kehu_contracts import planning as contract
from kehu_sales.forecasts.models import ForecastCall


def called(call: ForecastCall, changed: list[str]) -> contract.ForecastCalled:
    return contract.ForecastCalled(
        forecast_call_id=call.id,
        opportunity_id=call.opportunity_id,
        category=call.category,
        reason=call.reason,
        changed=changed,
    )

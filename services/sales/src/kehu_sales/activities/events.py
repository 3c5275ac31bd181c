"""What the world hears of an activity."""

from kehu_contracts import fieldwork
from kehu_sales.activities.models import Activity


def recorded(activity: Activity) -> fieldwork.ActivityRecorded:
    return fieldwork.ActivityRecorded(
        activity_id=activity.id,
        kind=activity.kind,
        topic=activity.topic,
        customer_id=activity.customer_id,
        opportunity_id=activity.opportunity_id,
        stage_code=activity.stage_code,
        employee_id=activity.employee_id,
        occurred_on=activity.occurred_on,
        place=activity.place,
        minutes=activity.minutes,
        cost=activity.spent,
        task_id=activity.task_id,
    )

"""What the world hears of a visit."""

from typing import Any
from uuid import UUID

from kehu_contracts import fieldwork
from kehu_sales.visits.models import Visit


def _state(visit: Visit, changed: list[str]) -> dict[str, Any]:
    return {
        "visit_id": visit.id,
        "number": visit.number,
        "visit_type": visit.type_code,
        "purpose": visit.purpose,
        "customer_id": visit.customer_id,
        "opportunity_id": visit.opportunity_id,
        "series_id": visit.series_id,
        "contact_ids": visit.contact_ids,
        "owner_id": visit.owner_id,
        "department_id": visit.department_id,
        "observer_ids": visit.observer_ids,
        "status": visit.status,
        "business_trip": visit.business_trip,
        "starts_at": visit.starts_at,
        "ends_at": visit.ends_at,
        "checked_in_at": visit.checked_in_at,
        "ended_at": visit.ended_at,
        "report_due_at": visit.report_due_at,
        "approver_id": visit.approver_id,
        "changed": changed,
    }


def planned(visit: Visit) -> fieldwork.VisitPlanned:
    return fieldwork.VisitPlanned(**_state(visit, []))


def changed(visit: Visit, fields: list[str]) -> fieldwork.VisitChanged:
    return fieldwork.VisitChanged(**_state(visit, fields))


def approved(visit: Visit, fields: list[str]) -> fieldwork.VisitApproved:
    return fieldwork.VisitApproved(**_state(visit, fields))


def checked_in(visit: Visit, fields: list[str]) -> fieldwork.VisitCheckedIn:
    return fieldwork.VisitCheckedIn(
        **_state(visit, fields),
        latitude=visit.latitude,
        longitude=visit.longitude,
        accuracy_m=visit.accuracy_m,
    )


def reported(visit: Visit, fields: list[str]) -> fieldwork.VisitReported:
    return fieldwork.VisitReported(
        **_state(visit, fields),
        activity_id=visit.activity_id,
        follow_up_task_id=visit.follow_up_task_id,
        minutes=visit.minutes,
        listened_minutes=visit.listened_minutes,
        asked_minutes=visit.asked_minutes,
        presented_minutes=visit.presented_minutes,
        travel_minutes=visit.travel_minutes,
        cost=visit.spent,
        phase=visit.phase,
        behaviour_stage=visit.behaviour_stage,
        potential_buyer=visit.potential_buyer,
        next_need_on=visit.next_need_on,
        next_need_quantity=visit.next_need_quantity,
        proposed=visit.proposed,
        refusal_degree=visit.refusal_degree,
        refusal_reason=visit.refusal_reason,
        next_step=visit.next_step,
        next_step_on=visit.next_step_on,
    )


def closed(visit: Visit, fields: list[str]) -> fieldwork.VisitClosed:
    return fieldwork.VisitClosed(**_state(visit, fields))


def cancelled(visit: Visit, fields: list[str]) -> fieldwork.VisitCancelled:
    return fieldwork.VisitCancelled(**_state(visit, fields))


def reminded(visit: Visit, occasion: str, fields: list[str]) -> fieldwork.VisitReminded:
    return fieldwork.VisitReminded(**_state(visit, fields), occasion=occasion)


def calling_stopped(visit: Visit, customer_id: UUID) -> fieldwork.CustomerCallingStopped:
    return fieldwork.CustomerCallingStopped(
        visit_id=visit.id,
        customer_id=customer_id,
        refusal_reason=visit.refusal_reason,
        employee_id=visit.visitor_id,
    )

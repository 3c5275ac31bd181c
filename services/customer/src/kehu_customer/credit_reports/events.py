"""What the world hears of a credit report: that there is one and its grade, not what it found."""

from typing import Any

from kehu_contracts import credit as contract
from kehu_customer.credit_reports.models import CreditReport


def _state(report: CreditReport, changed: list[str]) -> dict[str, Any]:
    return {
        "credit_report_id": report.id,
        "customer_id": report.customer_id,
        "reported_on": report.reported_on,
        "expires_on": report.expires_on,
        "source": report.source,
        "grade": report.grade,
        "superseded_at": report.superseded_at,
        "changed": changed,
    }


def recorded(report: CreditReport) -> contract.CreditReportRecorded:
    return contract.CreditReportRecorded(**_state(report, []))


def superseded(report: CreditReport, fields: list[str]) -> contract.CreditReportSuperseded:
    return contract.CreditReportSuperseded(**_state(report, fields))

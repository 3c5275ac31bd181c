"""No text about a person is forgotten when persons are forgotten (C12).

Every column that can hold text, whatever Python makes of it, in a table that names customers or
contacts, or belongs to one that does, is either blanked by an erasure or listed here as saying
nothing about the person: a new column has to be decided on.
"""

import importlib
import re
from typing import Any

import pytest
from sqlalchemy import MetaData, Table, Uuid
from sqlalchemy.dialects import postgresql

from kehu_contracts.topics import SERVICES
from kehu_kernel.columns import PlumbingBase
from kehu_kernel.erasure_schema import Personal

WHOSE = {"customer_id", "contact_id", "first_id", "survivor_id", "opportunity_id", "request_id"}
OWN = {"customers", "contacts", "customer_refs", "customer_facts"}
CODES = {
    "action", "answer", "channel", "class_code", "code", "currency", "decision", "end_step",
    "failure", "grade", "interest", "kind", "language", "legal_basis", "manner", "number",
    "priority", "purpose", "result", "role", "source_kind", "source_key", "stage_code",
    "stage_name", "state", "status", "status_after", "status_before", "step", "type", "value_grade",
    "audience", "audience_code", "document_number",
    "buying_role", "relation", "country", "industry", "won_currency", "policy_version",
}  # fmt: skip
"""Enumerations, numbers of documents, units: the figures need them."""
OURS = {
    "actor", "assigned_by", "blocked_by", "cancelled_by", "changed_by", "closed_by", "decided_by",
    "ended_by", "entered_by", "granted_by", "ordered_by", "recorded_by", "released_by",
    "requested_by", "reserved_by", "started_by", "verified_by", "created_by", "moved_by",
    "submitted_by", "planned_by",
}  # fmt: skip
"""Which of us did it."""
KEPT = {
    "customers.annual_revenue_currency", "customers.roles",
    "credit_reports.advised_currency", "credit_reports.source",
    "duplicate_pairs.reasons", "duplicate_pairs.source",
    "leads.interests", "leads.expected_revenue_currency", "leads.source",
    "merges.merged_ids",
    "opportunities.buying_committee", "opportunities.competitor", "opportunities.confirmation",
    "opportunities.need_kind", "opportunities.reporter_role", "opportunities.stage_kind",
    "opportunity_stages.manner", "opportunity_pool_moves.competitor", "opportunity_pool_moves.move",
    "opportunities.source", "opportunities.lines", "opportunity_facts.source", "lead_facts.source",
    "customer_figures.amounts",
    "product_files.product_code", "product_files.product_name", "product_files.serial_number",
    "product_file_parts.product_name", "product_file_parts.serial_number",
    "request_steps.parts", "request_steps.dispatch_order", "request_steps.employee_ids",
    "requests.parts", "requests.handler_ids", "customer_facts.roles",
    "conversions.request_id", "conversions.traceparent",
    "visits.type_code", "visits.mode", "visits.host", "visits.checklist", "visits.phase",
    "visit_series.type_code", "visit_series.mode", "visit_series.host", "visit_series.recurrence",
    "visits.proposed", "visits.refusal_degree", "visits.refusal_reason", "tasks.recurrence",
    "projects.alerted", "quotes.lines", "quotes.warnings", "samples.lines",
    "projects.stages", "projects.team", "project_lines.product_name", "project_deliveries.lines",
    "delivered_serials.serial_number", "visits.contact_ids", "visits.observer_ids",
    "visit_series.contact_ids", "visit_series.observer_ids",
    "approvals.levels", "approvals.waiting_role", "approval_decisions.level_name",
    "contracts.lines", "contracts.settlement_method",
    "contract_amendments.lines", "contract_amendments.settlement_method",
    "opportunities.close_reason_code", "opportunity_competitors.threat", "opportunities.level",
    "opportunity_assessments.entered", "opportunity_assessments.explanation",
    "opportunity_assessments.leader_role", "opportunity_assessments.handling_standard",
    "forecast_calls.category", "opportunity_stages.name",
    "collisions.relation", "collisions.overlap", "collisions.credit",
    "opportunity_assignments.explanation",
    "receipts.method",
    "opportunity_stages.conditions", "opportunity_terms.terms",
    "customer_behaviour.won_amounts", "segment_members.reason",
    "import_rows.outcome", "import_rows.cells",
    "erasures.subject_ids", "erasures.reason", "erasures.despite",
    "erasure_acknowledgements.service", "erasure_acknowledgements.counts",
}  # fmt: skip
"""Products, ids, and the record of the erasure itself. Rows with cells are refused: no customer.
Terms of opportunities are made anew when the topic is blanked (`tests/consumers/test_erasure.py`).
"""


DIALECT = postgresql.dialect()
SAYS_NOTHING = re.compile(
    r"(UUID|SMALLINT|INTEGER|BIGINT|NUMERIC|DOUBLE PRECISION|BOOLEAN|DATE|TIMESTAMP|TIME)\b[^\[]*"
)
"""Types of the database that hold no text. Any other can: also one nobody thought of here."""


def _texts(table: Table) -> set[str]:
    """The columns that can hold text in the database, also those that Python sees as something."""
    return {
        one.name
        for one in table.columns
        if not SAYS_NOTHING.fullmatch(one.type.compile(dialect=DIALECT)) and one.name != "tenant_id"
    }


def _about_persons(metadata: MetaData) -> set[str]:
    """The tables that say whose a row is, and those that refer to one of them, and so on."""
    found = {
        table.name
        for table in metadata.sorted_tables
        if table.name in OWN
        or WHOSE & {one.name for one in table.columns if isinstance(one.type, Uuid)}
    }
    for table in metadata.sorted_tables:  # what is referred to comes first
        if any(one.referred_table.name in found for one in table.foreign_key_constraints):
            found.add(table.name)
    return found


def _package(slug: str) -> str:
    return f"kehu_{slug.replace('-', '_')}"


@pytest.mark.parametrize("slug", SERVICES)
def test_each_text_about_a_person_is_blanked_or_known_to_say_nothing(slug: str) -> None:
    importlib.import_module(f"{_package(slug)}.__main__")
    base: Any = importlib.import_module(f"{_package(slug)}.db").Base
    personal: tuple[Personal, ...] = importlib.import_module(f"{_package(slug)}.personal").PERSONAL
    gone = {f"{one.table}.{name}" for one in personal for name in one.blank}
    deleted = {one.table for one in personal if one.delete}
    forgotten = set()
    for name in _about_persons(base.metadata) - deleted:
        for column in _texts(base.metadata.tables[name]) - CODES - OURS:
            forgotten.add(f"{name}.{column}")
    assert forgotten - gone - KEPT == set()
    assert KEPT & gone == set()


@pytest.mark.parametrize("slug", SERVICES)
def test_the_list_names_tables_and_columns_that_exist(slug: str) -> None:
    importlib.import_module(f"{_package(slug)}.__main__")
    base: Any = importlib.import_module(f"{_package(slug)}.db").Base
    personal: tuple[Personal, ...] = importlib.import_module(f"{_package(slug)}.personal").PERSONAL
    for one in personal:
        columns = set(base.metadata.tables[one.table].columns.keys())
        assert {*one.by, *one.blank} <= columns, one.table


def test_the_plumbing_is_what_the_erasure_cleans() -> None:
    """A new table of the plumbing that can hold a name has to be cleaned as well."""
    assert set(PlumbingBase.metadata.tables) == {
        "audit_log", "idempotency_keys", "outbox", "parked_events",  # cleaned
        "audit_seals", "audit_sealing", "erased_subjects", "erasure_orders", "inbox",
        "number_series", "projection_offsets",
    }  # fmt: skip

"""The sales service as a web application."""

from fastapi import FastAPI

from kehu_kernel.app import new_app, serve
from kehu_kernel.audit_routes import audit_routers
from kehu_kernel.db import Constraints
from kehu_kernel.errors import ConcurrentChange
from kehu_kernel.personal_data import personal_data_router
from kehu_sales.activities.routes import routes as activities
from kehu_sales.amendments.errors import ContractBeingAmended
from kehu_sales.amendments.routes import amending
from kehu_sales.amendments.routes import routes as contract_amendments
from kehu_sales.approvals.errors import ApprovalChainTaken, ApprovalIsOver
from kehu_sales.approvals.routes import chains as approval_chains
from kehu_sales.approvals.routes import routes as approvals
from kehu_sales.assignment.errors import CONSTRAINTS as ASSIGNMENT_CONSTRAINTS
from kehu_sales.assignment.routes import assignees
from kehu_sales.assignment.routes import previews as assignment_previews
from kehu_sales.assignment.routes import routes as assignment
from kehu_sales.assignment.routes import rules as assignment_rules
from kehu_sales.calendar.routes import routes as calendar
from kehu_sales.calendar_feeds.feed import serve_feed
from kehu_sales.calendar_feeds.routes import routes as calendar_feeds
from kehu_sales.close_reasons.errors import CloseReasonTaken
from kehu_sales.close_reasons.routes import reports as close_reason_report
from kehu_sales.close_reasons.routes import routes as close_reasons
from kehu_sales.collisions.errors import CONSTRAINTS as COLLISION_CONSTRAINTS
from kehu_sales.collisions.routes import counts as collision_counts
from kehu_sales.collisions.routes import policies as collision_policies
from kehu_sales.collisions.routes import routes as collisions
from kehu_sales.competitors.errors import CompetitorNameTaken, TakesPartAlready
from kehu_sales.competitors.routes import parts as opportunity_competitors
from kehu_sales.competitors.routes import rates as competitor_win_rates
from kehu_sales.competitors.routes import routes as competitors
from kehu_sales.competitors.routes import sheets as comparison_sheets
from kehu_sales.confirmations.errors import TemplateCodeTaken
from kehu_sales.confirmations.routes import confirming
from kehu_sales.confirmations.routes import templates as confirmation_templates
from kehu_sales.contract_policy.routes import routes as contract_policy
from kehu_sales.contracts.errors import QuoteHasContract
from kehu_sales.contracts.routes import routes as contracts
from kehu_sales.credit.routes import routes as credit_checks
from kehu_sales.credit_policy.routes import routes as credit_check_policy
from kehu_sales.db import Base
from kehu_sales.deliveries.errors import SerialNumberDelivered
from kehu_sales.deliveries.routes import delivering
from kehu_sales.deliveries.routes import routes as deliveries
from kehu_sales.forecasts.errors import ForecastRulesTaken
from kehu_sales.forecasts.routes import accuracy as forecast_accuracy
from kehu_sales.forecasts.routes import calls as forecast_calls
from kehu_sales.forecasts.routes import routes as forecasts
from kehu_sales.forecasts.routes import rules as forecast_rules
from kehu_sales.grading.routes import grades as opportunity_grades
from kehu_sales.grading.routes import routes as grading_scheme
from kehu_sales.idle.routes import routes as idle_policy
from kehu_sales.methods.errors import DefaultMethodTaken, MethodCodeTaken
from kehu_sales.methods.routes import presets as method_presets
from kehu_sales.methods.routes import routes as methods
from kehu_sales.moments import TIMES, tell_in_our_zone
from kehu_sales.opportunities.errors import CONSTRAINTS as OPPORTUNITY_CONSTRAINTS
from kehu_sales.opportunities.routes import routes as opportunities
from kehu_sales.personal import PERSONAL
from kehu_sales.pool.routes import routes as pool
from kehu_sales.price_lists.routes import routes as price_lists
from kehu_sales.prices.routes import routes as prices
from kehu_sales.products.errors import FloorAbovePrice, ProductCodeTaken
from kehu_sales.products.routes import routes as products
from kehu_sales.projects.routes import routes as projects
from kehu_sales.quote_advice.routes import kept_traits
from kehu_sales.quote_advice.routes import routes as quote_advice
from kehu_sales.quote_policy.routes import routes as quote_policy
from kehu_sales.quotes.errors import NewerVersion
from kehu_sales.quotes.routes import routes as quotes
from kehu_sales.receipts.routes import routes as receipts
from kehu_sales.receivable_policy.routes import routes as receivable_policy
from kehu_sales.receivables.routes import ages as receivable_ages
from kehu_sales.receivables.routes import routes as receivables
from kehu_sales.reports.routes import routes as reports
from kehu_sales.samples.routes import routes as samples
from kehu_sales.settings import Settings
from kehu_sales.stages.routes import routes as stages
from kehu_sales.targets.errors import TargetTaken
from kehu_sales.targets.routes import attainments
from kehu_sales.targets.routes import routes as targets
from kehu_sales.tasks.routes import routes as tasks
from kehu_sales.visit_policy.routes import routes as visit_policy
from kehu_sales.visits.routes import routes as visits

CONSTRAINTS: Constraints = {
    "uq_confirmation_templates_tenant_id_code": TemplateCodeTaken,
    "ix_methods_default": DefaultMethodTaken,
    "uq_methods_tenant_id_code": MethodCodeTaken,
    "uq_forecast_rules_tenant_id": ForecastRulesTaken,
    "uq_products_tenant_id_code": ProductCodeTaken,
    "ck_products_floor": FloorAbovePrice,
    "uq_delivered_serials_tenant_id_serial_number": SerialNumberDelivered,
    "uq_approval_chains_tenant_id_kind": ApprovalChainTaken,
    "ix_approvals_open": ApprovalIsOver,
    "uq_close_reasons_tenant_id_outcome_code": CloseReasonTaken,
    "uq_competitors_tenant_id_name": CompetitorNameTaken,
    "uq_opportunity_competitors_one": TakesPartAlready,
    "uq_grading_schemes_tenant_id": ConcurrentChange,
    "uq_grading_scheme_versions_tenant_id_number": ConcurrentChange,
    "ix_contract_amendments_kept": ConcurrentChange,
    "ix_contract_amendments_open": ContractBeingAmended,
    "ix_contracts_quote": QuoteHasContract,
    "uq_contract_policies_tenant_id": ConcurrentChange,
    "uq_credit_check_policies_tenant_id": ConcurrentChange,
    "uq_receivable_policies_tenant_id": ConcurrentChange,
    "uq_idle_policies_tenant_id": ConcurrentChange,
    "ix_quotes_version": NewerVersion,
    "uq_quotes_tenant_id_number": NewerVersion,
    "pk_quotation_traits": ConcurrentChange,
    "uq_quote_policies_tenant_id": ConcurrentChange,
    "uq_targets_one": TargetTaken,
    "uq_visit_policies_tenant_id": ConcurrentChange,
    **ASSIGNMENT_CONSTRAINTS,
    **COLLISION_CONSTRAINTS,
    **OPPORTUNITY_CONSTRAINTS,
}
"""What it means to break a constraint of the database."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application; settings come from the environment unless given."""
    app = new_app(
        service="sales",
        title="Kehu sales service",
        description="Products and prices, sales methods, opportunities, quotes and their approval,"
        " contracts, receipts, delivery projects.",
        settings=settings or Settings(),
        constraints=CONSTRAINTS,
    )
    serve(
        app,
        products,
        price_lists,
        prices,
        methods,
        method_presets,
        confirmation_templates,
        reports,
        opportunities,
        stages,
        pool,
        confirming,
        assignment,
        assignment_previews,
        assignment_rules,
        assignees,
        collisions,
        collision_counts,
        collision_policies,
        activities,
        tasks,
        visits,
        visit_policy,
        calendar,
        calendar_feeds,
        quotes,
        quote_policy,
        quote_advice,
        kept_traits,
        samples,
        competitors,
        opportunity_competitors,
        comparison_sheets,
        competitor_win_rates,
        close_reasons,
        close_reason_report,
        grading_scheme,
        opportunity_grades,
        contracts,
        contract_policy,
        amending,
        contract_amendments,
        receipts,
        receivables,
        receivable_ages,
        receivable_policy,
        idle_policy,
        credit_checks,
        credit_check_policy,
        approvals,
        approval_chains,
        projects,
        delivering,
        deliveries,
        targets,
        attainments,
        forecasts,
        forecast_accuracy,
        forecast_calls,
        forecast_rules,
        *audit_routers("sales"),
        personal_data_router("sales", PERSONAL, Base.metadata),
    )
    for refused in TIMES:
        app.add_exception_handler(refused, tell_in_our_zone)
    # Beside the API: calendar programs have no bearer token, the address is the secret.
    app.add_route("/calendar-feeds/{address}", serve_feed, include_in_schema=False)
    return app

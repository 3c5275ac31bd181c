"""The customer service as a web application."""

from fastapi import FastAPI

from kehu_customer.acquaintances.errors import AcquaintanceTaken
from kehu_customer.acquaintances.routes import routes as acquaintances
from kehu_customer.affiliations.errors import AffiliationsOverlap
from kehu_customer.affiliations.routes import routes as affiliations
from kehu_customer.archives.routes import of_customer as archive_of_customer
from kehu_customer.archives.routes import routes as archives
from kehu_customer.behaviour.routes import routes as behaviour
from kehu_customer.classification_schemes.errors import SchemeCodeTaken
from kehu_customer.classification_schemes.routes import routes as classification_schemes
from kehu_customer.classifications.routes import routes as classifications
from kehu_customer.consents.routes import checks as consent_checks
from kehu_customer.consents.routes import of_contact as consents_of_contact
from kehu_customer.consents.routes import of_customer as consents_of_customer
from kehu_customer.consents.routes import routes as consents
from kehu_customer.contact_points.errors import ContactPointTaken
from kehu_customer.contact_points.routes import routes as contact_points
from kehu_customer.contacts.errors import ContactReferenceTaken
from kehu_customer.contacts.routes import routes as contacts
from kehu_customer.credit.routes import routes as credit
from kehu_customer.credit_contracts.routes import routes as credit_contracts
from kehu_customer.credit_investigations.errors import InvestigationUnderWay
from kehu_customer.credit_investigations.routes import routes as credit_investigations
from kehu_customer.credit_limits.errors import LimitTaken
from kehu_customer.credit_limits.routes import routes as credit_limits
from kehu_customer.credit_policy.routes import routes as credit_policy
from kehu_customer.credit_reports.routes import routes as credit_reports
from kehu_customer.credit_reservations.errors import ReleaseDiffers, ReservationDiffers
from kehu_customer.credit_reservations.routes import routes as credit_reservations
from kehu_customer.custom_fields.errors import CustomValueTaken, FieldCodeTaken
from kehu_customer.custom_fields.routes import routes as custom_fields
from kehu_customer.customers.errors import CustomerCodeTaken, ExternalReferenceTaken
from kehu_customer.customers.routes import routes as customers
from kehu_customer.data_exports.routes import routes as data_exports
from kehu_customer.departments.errors import DepartmentCodeTaken
from kehu_customer.departments.routes import routes as departments
from kehu_customer.duplicates.routes import routes as duplicates
from kehu_customer.employees.errors import EmployeeCodeTaken, LoginTaken
from kehu_customer.employees.routes import routes as employees
from kehu_customer.erasures.routes import previews as erasure_previews
from kehu_customer.erasures.routes import routes as erasures
from kehu_customer.exports.routes import contact_routes as contact_exports
from kehu_customer.exports.routes import routes as exports
from kehu_customer.fact_sources.errors import SourceCodeTaken
from kehu_customer.fact_sources.routes import routes as fact_sources
from kehu_customer.financial_statements.errors import StatementTaken
from kehu_customer.financial_statements.routes import routes as financial_statements
from kehu_customer.hand_overs.errors import HandOverRunning
from kehu_customer.hand_overs.routes import routes as hand_overs
from kehu_customer.households.errors import HouseholdHeadTaken, InHouseholdAlready
from kehu_customer.households.routes import routes as households
from kehu_customer.imports.routes import routes as imports
from kehu_customer.merges.routes import routes as merges
from kehu_customer.ownership.routes import routes as owner_changes
from kehu_customer.preferences.routes import routes as preferences
from kehu_customer.profiles.errors import FactCodeTaken, ProfileCodeTaken
from kehu_customer.profiles.routes import definitions as fact_definitions
from kehu_customer.profiles.routes import routes as profiles
from kehu_customer.public_pool.routes import routes as public_pool
from kehu_customer.saved_views.errors import ViewNameTaken
from kehu_customer.saved_views.routes import routes as saved_views
from kehu_customer.search.routes import routes as search
from kehu_customer.segments.errors import SegmentCodeTaken
from kehu_customer.segments.routes import routes as segments
from kehu_customer.settings import Settings
from kehu_customer.territories.errors import TerritoryCodeTaken
from kehu_customer.territories.routes import routes as territories
from kehu_customer.timeline.routes import routes as timeline
from kehu_customer.trade_parties.errors import TradePartyTaken
from kehu_customer.trade_parties.routes import of_customer as parts
from kehu_customer.trade_parties.routes import routes as trade_parties
from kehu_kernel.app import new_app, serve
from kehu_kernel.audit_routes import audit_routers
from kehu_kernel.db import Constraints
from kehu_kernel.errors import ConcurrentChange

CONSTRAINTS: Constraints = {
    "ck_credit_accounts_within_limit": ConcurrentChange,
    "ex_affiliations_overlap": AffiliationsOverlap,
    "uq_acquaintances_tenant_id_employee_id_contact_id": AcquaintanceTaken,
    "uq_contact_points_contact_value": ContactPointTaken,
    "uq_contact_points_customer_value": ContactPointTaken,
    "uq_classification_schemes_tenant_id_code": SchemeCodeTaken,
    "uq_contacts_tenant_id_external_ref": ContactReferenceTaken,
    "ex_credit_limits_overlap": LimitTaken,
    "uq_credit_accounts_tenant_id_customer_id": ConcurrentChange,
    "uq_credit_investigations_open": InvestigationUnderWay,
    "uq_credit_policies_tenant_id": ConcurrentChange,
    "uq_credit_releases_source": ReleaseDiffers,
    "uq_credit_reservations_tenant_id_source_kind_source_key": ReservationDiffers,
    "uq_financial_statements_period": StatementTaken,
    "uq_custom_entries_tenant_id_field_id_unique_key": CustomValueTaken,
    "uq_custom_fields_tenant_id_code": FieldCodeTaken,
    "uq_customers_tenant_id_code": CustomerCodeTaken,
    "uq_customers_tenant_id_external_ref": ExternalReferenceTaken,
    "uq_departments_tenant_id_code": DepartmentCodeTaken,
    "uq_duplicate_pairs_tenant_id_first_id_second_id": ConcurrentChange,
    "uq_duplicate_rules_tenant_id": ConcurrentChange,
    "uq_employees_tenant_id_code": EmployeeCodeTaken,
    "uq_employees_tenant_id_subject": LoginTaken,
    "uq_fact_definitions_tenant_id_profile_id_code": FactCodeTaken,
    "uq_fact_sources_tenant_id_code": SourceCodeTaken,
    "uq_hand_overs_running": HandOverRunning,
    "uq_household_members_contact": InHouseholdAlready,
    "uq_household_members_customer": InHouseholdAlready,
    "uq_household_members_head": HouseholdHeadTaken,
    "uq_pool_rules_tenant_id_department_id": ConcurrentChange,
    "uq_preferences_tenant_id": ConcurrentChange,
    "uq_profiles_tenant_id_code": ProfileCodeTaken,
    "uq_segment_members_tenant_id_segment_id_customer_id": ConcurrentChange,
    "uq_segments_tenant_id_code": SegmentCodeTaken,
    "uq_default_views_tenant_id_subject": ConcurrentChange,
    "uq_saved_views_name": ViewNameTaken,
    "uq_territories_tenant_id_code": TerritoryCodeTaken,
    "uq_trade_parties_current": TradePartyTaken,
}
"""What it means to break a constraint of the database."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application; settings come from the environment unless given."""
    app = new_app(
        service="customer",
        title="Kehu customer service",
        description="The master record of every customer, contact and colleague.",
        settings=settings or Settings(),
        constraints=CONSTRAINTS,
    )
    serve(
        app,
        customers,
        owner_changes,
        hand_overs,
        public_pool,
        contacts,
        classification_schemes,
        classifications,
        custom_fields,
        contact_points,
        affiliations,
        trade_parties,
        parts,
        households,
        acquaintances,
        timeline,
        behaviour,
        segments,
        departments,
        employees,
        territories,
        preferences,
        profiles,
        fact_definitions,
        fact_sources,
        archives,
        archive_of_customer,
        credit_policy,
        credit_reports,
        credit_investigations,
        financial_statements,
        credit,
        credit_limits,
        credit_contracts,
        credit_reservations,
        duplicates,
        merges,
        consents,
        consent_checks,
        consents_of_contact,
        consents_of_customer,
        data_exports,
        erasures,
        erasure_previews,
        imports,
        exports,
        contact_exports,
        search,
        saved_views,
        *audit_routers("customer"),
    )
    return app

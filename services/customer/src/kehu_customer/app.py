"""The customer service as a web application."""

from fastapi import FastAPI

from kehu_customer.classification_schemes.errors import SchemeCodeTaken
from kehu_customer.classification_schemes.routes import routes as classification_schemes
from kehu_customer.classifications.routes import routes as classifications
from kehu_customer.contacts.errors import ContactReferenceTaken
from kehu_customer.contacts.routes import routes as contacts
from kehu_customer.custom_fields.errors import CustomValueTaken, FieldCodeTaken
from kehu_customer.custom_fields.routes import routes as custom_fields
from kehu_customer.customers.errors import CustomerCodeTaken, ExternalReferenceTaken
from kehu_customer.customers.routes import routes as customers
from kehu_customer.departments.errors import DepartmentCodeTaken
from kehu_customer.departments.routes import routes as departments
from kehu_customer.employees.errors import EmployeeCodeTaken, LoginTaken
from kehu_customer.employees.routes import routes as employees
from kehu_customer.settings import Settings
from kehu_customer.territories.errors import TerritoryCodeTaken
from kehu_customer.territories.routes import routes as territories
from kehu_kernel.app import new_app, serve
from kehu_kernel.audit_routes import audit_router
from kehu_kernel.db import Constraints

CONSTRAINTS: Constraints = {
    "uq_classification_schemes_tenant_id_code": SchemeCodeTaken,
    "uq_contacts_tenant_id_external_ref": ContactReferenceTaken,
    "uq_custom_entries_tenant_id_field_id_unique_key": CustomValueTaken,
    "uq_custom_fields_tenant_id_code": FieldCodeTaken,
    "uq_customers_tenant_id_code": CustomerCodeTaken,
    "uq_customers_tenant_id_external_ref": ExternalReferenceTaken,
    "uq_departments_tenant_id_code": DepartmentCodeTaken,
    "uq_employees_tenant_id_code": EmployeeCodeTaken,
    "uq_employees_tenant_id_subject": LoginTaken,
    "uq_territories_tenant_id_code": TerritoryCodeTaken,
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
        contacts,
        classification_schemes,
        classifications,
        custom_fields,
        departments,
        employees,
        territories,
        audit_router("customer"),
    )
    return app

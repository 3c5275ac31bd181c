"""The sales service as a web application."""

from fastapi import FastAPI

from kehu_kernel.app import new_app, serve
from kehu_kernel.audit_routes import audit_routers
from kehu_kernel.db import Constraints
from kehu_kernel.personal_data import personal_data_router
from kehu_sales.activities.routes import routes as activities
from kehu_sales.db import Base
from kehu_sales.methods.errors import DefaultMethodTaken, MethodCodeTaken
from kehu_sales.methods.routes import routes as methods
from kehu_sales.opportunities.errors import CONSTRAINTS as OPPORTUNITY_CONSTRAINTS
from kehu_sales.opportunities.routes import routes as opportunities
from kehu_sales.personal import PERSONAL
from kehu_sales.products.errors import ProductCodeTaken
from kehu_sales.products.routes import routes as products
from kehu_sales.quotes.routes import routes as quotes
from kehu_sales.settings import Settings
from kehu_sales.tasks.routes import routes as tasks

CONSTRAINTS: Constraints = {
    "ix_methods_default": DefaultMethodTaken,
    "uq_methods_tenant_id_code": MethodCodeTaken,
    "uq_products_tenant_id_code": ProductCodeTaken,
    **OPPORTUNITY_CONSTRAINTS,
}
"""What it means to break a constraint of the database."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application; settings come from the environment unless given."""
    app = new_app(
        service="sales",
        title="Kehu sales service",
        description="Products, sales methods, and opportunities from the first idea to the order.",
        settings=settings or Settings(),
        constraints=CONSTRAINTS,
    )
    serve(
        app,
        products,
        methods,
        opportunities,
        activities,
        tasks,
        quotes,
        *audit_routers("sales"),
        personal_data_router("sales", PERSONAL, Base.metadata),
    )
    return app

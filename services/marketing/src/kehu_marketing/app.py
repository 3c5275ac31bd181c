"""The marketing service as a web application."""

from fastapi import FastAPI

from kehu_kernel.app import new_app, serve
from kehu_kernel.audit_routes import audit_routers
from kehu_kernel.db import Constraints
from kehu_kernel.personal_data import personal_data_router
from kehu_marketing.conversions.routes import routes as conversions
from kehu_marketing.db import Base
from kehu_marketing.leads.errors import ExternalReferenceTaken
from kehu_marketing.leads.routes import routes as leads
from kehu_marketing.leads.routes import source_routes as sources
from kehu_marketing.personal import PERSONAL
from kehu_marketing.settings import Settings

CONSTRAINTS: Constraints = {"uq_leads_tenant_id_external_ref": ExternalReferenceTaken}
"""What it means to break a constraint of the database."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application; settings come from the environment unless given."""
    app = new_app(
        service="marketing",
        title="Kehu marketing service",
        description="Leads, and how they become customers and opportunities.",
        settings=settings or Settings(),
        constraints=CONSTRAINTS,
    )
    serve(
        app,
        leads,
        conversions,
        sources,
        *audit_routers("marketing"),
        personal_data_router("marketing", PERSONAL, Base.metadata),
    )
    return app

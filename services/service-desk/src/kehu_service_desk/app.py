"""The service desk as a web application."""

from fastapi import FastAPI

from kehu_kernel.app import new_app, serve
from kehu_kernel.audit_routes import audit_routers
from kehu_kernel.db import Constraints
from kehu_kernel.personal_data import personal_data_router
from kehu_service_desk.db import Base
from kehu_service_desk.personal import PERSONAL
from kehu_service_desk.product_files.errors import SerialNumberTaken
from kehu_service_desk.product_files.routes import routes as product_files
from kehu_service_desk.requests.errors import ExternalReferenceTaken
from kehu_service_desk.requests.routes import routes as requests
from kehu_service_desk.settings import Settings

CONSTRAINTS: Constraints = {
    "uq_product_files_tenant_id_serial_number": SerialNumberTaken,
    "uq_requests_tenant_id_external_ref": ExternalReferenceTaken,
}
"""What it means to break a constraint of the database."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application; settings come from the environment unless given."""
    app = new_app(
        service="service-desk",
        title="Kehu service desk",
        description="Products in customers' hands, and service requests from call to close.",
        settings=settings or Settings(),
        constraints=CONSTRAINTS,
    )
    serve(
        app,
        product_files,
        requests,
        *audit_routers("service-desk"),
        personal_data_router("service-desk", PERSONAL, Base.metadata),
    )
    return app

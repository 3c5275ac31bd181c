"""The analytics service as a web application."""

from fastapi import FastAPI

from kehu_analytics.db import Base
from kehu_analytics.funnel.routes import routes as funnel
from kehu_analytics.personal import PERSONAL
from kehu_analytics.scoring.errors import ValueModelNameTaken
from kehu_analytics.scoring.routes import routes as scoring
from kehu_analytics.settings import Settings
from kehu_analytics.values.routes import routes as values
from kehu_analytics.win_rate.routes import routes as win_rate
from kehu_kernel.app import new_app, serve
from kehu_kernel.audit_routes import audit_routers
from kehu_kernel.db import Constraints
from kehu_kernel.personal_data import personal_data_router

CONSTRAINTS: Constraints = {
    "uq_value_models_tenant_id_name": ValueModelNameTaken,
}
"""What it means to break a constraint of the database."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application; settings come from the environment unless given."""
    app = new_app(
        service="analytics",
        title="Kehu analytics service",
        description="What the event stream says: customer values, the sales funnel, win rates.",
        settings=settings or Settings(),
        constraints=CONSTRAINTS,
    )
    serve(
        app,
        funnel,
        win_rate,
        scoring,
        values,
        *audit_routers("analytics"),
        personal_data_router("analytics", PERSONAL, Base.metadata),
    )
    return app

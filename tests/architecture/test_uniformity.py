"""A person who knows one service knows all: the same skeleton, the same promises."""

import importlib
import re
from collections.abc import Iterator
from inspect import getdoc
from pathlib import Path
from typing import Annotated, Any, get_args

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kehu_analytics.scoring.errors import DIMENSION_ZH
from kehu_analytics.scoring.models import Dimension
from kehu_contracts.access import SCOPES
from kehu_contracts.customer import CustomerState
from kehu_contracts.topics import CUSTOMER, SERVICES, TOPICS
from kehu_kernel import migrations
from kehu_kernel.app import api_routes
from kehu_kernel.columns import Aggregate
from kehu_kernel.context import Context
from kehu_kernel.errors import DomainError
from kehu_kernel.http import TransactionRoute
from kehu_kernel.process import Service
from kehu_kernel.testing.plugin import RunningService
from kehu_marketing.leads.errors import STATUS_ZH as LEAD_ZH
from kehu_marketing.leads.models import LeadStatus
from kehu_sales.opportunities.errors import STATUS_ZH as OPPORTUNITY_ZH
from kehu_sales.opportunities.words import Status
from kehu_service_desk.requests.dispatch import Answer
from kehu_service_desk.requests.errors import WORDS_ZH as REQUEST_ZH
from kehu_service_desk.requests.models import RequestStatus

ROOT = Path(__file__).parents[2]
SKELETON = ("app.py", "settings.py", "db.py", "consumers.py", "__main__.py")
OF_FUNCTIONS = [
    (table, ["kehu_owner"])
    for table in ("search_documents", "contact_points", "opportunity_terms", "opportunities")
]
"""Tables that a function of their owner reads: it takes the tenant from the transaction, and what
it finds is read again under the caller's policies (ADR 0017)."""
BOUND = "(tenant_id=(SELECTcurrent_setting('kehu.tenant'::text,true)AScurrent_setting))"
PLACEHOLDER = re.compile(r"{(\w+)")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def _module(slug: str, name: str) -> Any:
    return importlib.import_module(f"kehu_{slug.replace('-', '_')}.{name}")


def service_of(slug: str) -> Service:
    service: Service = _module(slug, "__main__").SERVICE
    return service


@pytest.fixture(params=SERVICES)
def slug(request: pytest.FixtureRequest) -> str:
    """Each of the five services."""
    return str(request.param)


@pytest.fixture
def service(slug: str) -> Service:
    """The service that the plugin's fixtures start."""
    return service_of(slug)


def _all_errors(base: type[DomainError] = DomainError) -> Iterator[type[DomainError]]:
    for error in base.__subclasses__():
        yield error
        yield from _all_errors(error)


class TestSkeleton:
    def test_has_the_files_every_service_has(self, slug: str) -> None:
        package = ROOT / "services" / slug / "src" / f"kehu_{slug.replace('-', '_')}"
        missing = [name for name in SKELETON if not (package / name).exists()]
        assert not missing, f"{slug} lacks {missing}"
        assert (ROOT / "services" / slug / "README.md").exists()

    def test_settings_prefix_is_the_service(self, slug: str, service: Service) -> None:
        settings = _module(slug, "settings").Settings
        assert settings.model_config["env_prefix"] == f"KEHU_{slug.replace('-', '_').upper()}_"
        assert service.name == slug

    def test_handles_what_the_registry_says_it_consumes(self, slug: str) -> None:
        handled = _handled(slug)
        declared = {topic.name for topic in TOPICS if slug in topic.consumers}
        origin = {event.type: topic.name for topic in TOPICS for event in topic.events}
        assert {origin[type_] for type_ in handled} == declared

    def test_models_and_migrations_agree(self, running: RunningService) -> None:
        owner = running.settings.owner_database_url
        assert owner is not None
        migrations.check(running.service.migrations, owner)


def _handled(slug: str) -> set[str]:
    """The types of events that a service does something about."""
    if slug == "analytics":  # it folds batches; which events make rows is said in one place
        kind_of = _module(slug, "facts.rows").kind_of
        return {event.type for topic in TOPICS for event in topic.events if kind_of(event)}
    if slug == "customer":  # the only one with side effects
        return {event.type for event in _module(slug, "consumers").HANDLERS}
    # The others keep copies of customers: see `record_customers` and its tests.
    return {event.type for event in CUSTOMER.events if issubclass(event, CustomerState)}


class TestRoutes:
    def test_each_needs_a_known_scope(self, slug: str, running: RunningService) -> None:
        for route in _api_routes(running):
            scopes = [
                scope
                for dependency in route.dependencies
                for scope in getattr(dependency, "scopes", None) or ()
            ]
            where = f"{slug} {route.methods} {route.path}"
            assert len(scopes) == 1, f'{where}: add dependencies=[requires("{slug}:...")]'
            assert scopes[0] in SCOPES, f"{where}: {scopes[0]} is not in kehu_contracts.access"
            assert scopes[0].startswith(f"{slug}:"), f"{where}: {scopes[0]} is another service's"

    def test_each_is_one_transaction(self, running: RunningService) -> None:
        for route in _api_routes(running):
            assert isinstance(route, TransactionRoute), (
                f"{route.path}: make the router with kehu_kernel.http.router"
            )

    def test_operations_are_documented(self, running: RunningService) -> None:
        document = running.app.openapi()
        seen: set[str] = set()
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                where = f"{method} {path}"
                assert operation["operationId"] not in seen, f"{where}: name used twice"
                seen.add(operation["operationId"])
                assert operation.get("summary"), where
                assert operation.get("description"), where
                assert {"401", "403", "422", "503"} <= operation["responses"].keys(), where
                if method in ("patch", "put", "delete"):
                    assert {"412", "428"} <= operation["responses"].keys(), where
                if method == "post":
                    names = [parameter["name"] for parameter in operation["parameters"]]
                    assert "Idempotency-Key" in names, where

    def test_request_bodies_refuse_unknown_fields_and_have_examples(
        self, running: RunningService
    ) -> None:
        schemas = running.app.openapi()["components"]["schemas"]
        for route in _api_routes(running):
            if route.body_field is None:
                continue
            model = route.body_field.field_info.annotation
            schema = schemas[model.__name__]
            assert schema.get("additionalProperties") is False, f"{model.__name__}: use wire.Input"
            assert schema.get("examples"), f"{model.__name__}: add an example"

    def test_names_of_schemas_say_nothing_of_modules(self, running: RunningService) -> None:
        """Two classes of a name carry their modules' names into every generated client."""
        schemas = running.app.openapi()["components"]["schemas"]
        assert [name for name in schemas if "__" in name] == [], "name what it is about as well"

    def test_documents_lead_from_an_object_to_what_can_be_done_with_it(
        self, running: RunningService
    ) -> None:
        paths = running.app.openapi()["paths"]
        for path, operations in paths.items():
            for operation in operations.values():
                assert [list(one) for one in operation["security"]] == [["oidc"], ["bearer"]]
            created = operations.get("post", {}).get("responses", {}).get("201")
            if created is None:
                continue
            assert {"ETag", "Location"} <= created["headers"].keys()
            single = next(one for one in paths if re.fullmatch(path + r"/{\w+}", one))
            follows = {one["operationId"] for one in paths[single].values()}
            assert follows <= created["links"].keys()
            change = paths[single].get("patch")
            if change is not None:
                link = created["links"][change["operationId"]]
                assert link["parameters"]["header.If-Match"] == "$response.header.ETag"

    def test_inputs_take_no_lookalikes(self, running: RunningService) -> None:
        lookalikes = {"integer": ["1", True], "boolean": ["true", 1], "date": [0, "0", "2026-1-2"]}
        for route in _api_routes(running):
            for where, field in _input_fields(route):
                adapter = TypeAdapter(Annotated[field.annotation, None, *field.metadata])
                schema = adapter.json_schema()
                kinds = [one for one in schema.get("anyOf", [schema]) if "type" in one]
                for kind in kinds:
                    for value in lookalikes.get(kind.get("format", kind["type"]), ()):
                        with pytest.raises(ValidationError):
                            pytest.fail(f"{where} takes {adapter.validate_python(value)!r}")

    def test_outputs_have_no_optional_fields(self, running: RunningService) -> None:
        for route in _api_routes(running):
            model = route.response_model
            fields = getattr(model, "model_fields", {})
            loose = [name for name, field in fields.items() if not field.is_required()]
            assert not loose, f"{model}: {loose} have defaults; a client would see them as optional"


def _api_routes(running: RunningService) -> list[APIRoute]:
    routes = api_routes(running.app)
    assert len(routes) > 5
    assert len(routes) == sum(len(item) for item in running.app.openapi()["paths"].values())
    return routes


def _input_fields(route: APIRoute) -> Iterator[tuple[str, FieldInfo]]:
    """The fields of a route's body, also of the objects within, each with where it is."""
    waiting = [route.body_field.field_info.annotation] if route.body_field else []
    seen = set()  # an object may hold others of its kind
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            if kind in seen:
                continue
            seen.add(kind)
            for name, field in kind.model_fields.items():
                yield f"{kind.__name__}.{name}", field
                waiting.append(field.annotation)
        else:
            waiting.extend(get_args(kind))


class TestTenantIsolation:
    async def test_every_table_forces_row_level_security(self, running: RunningService) -> None:
        query = text(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
            "AND relkind IN ('r', 'p') AND relname <> 'alembic_version' "
            "AND NOT (relrowsecurity AND relforcerowsecurity)"
        )
        async with running.worker_database.worker_transaction() as session:
            assert list(await session.scalars(query)) == []

    async def test_every_tenant_column_leads_its_unique_keys(self, running: RunningService) -> None:
        query = text(
            "SELECT i.indexrelid::regclass::text FROM pg_index i "
            "JOIN pg_class c ON c.oid = i.indrelid "
            "JOIN pg_attribute t ON t.attrelid = c.oid AND t.attname = 'tenant_id' "
            "WHERE c.relnamespace = 'public'::regnamespace AND i.indisunique "
            "AND i.indkey[0] <> t.attnum "
            "AND NOT (i.indisprimary AND EXISTS (SELECT FROM pg_attribute a WHERE "
            "a.attrelid = c.oid AND a.attnum = i.indkey[0] AND a.attidentity <> ''))"
        )
        async with running.worker_database.worker_transaction() as session:
            assert list(await session.scalars(query)) == []

    async def test_every_policy_binds_the_application_to_its_tenant(
        self, running: RunningService
    ) -> None:
        # Policies add up: a single one that is wider, or for everybody, would open the table.
        # Restrictive ones only narrow what the others give.
        query = text(
            "SELECT tablename, roles::text[], qual, with_check FROM pg_policies "
            "WHERE permissive = 'PERMISSIVE'"
        )
        async with running.worker_database.worker_transaction() as session:
            policies = (await session.execute(query)).all()
        bound = set()
        for table, roles, sees, writes in policies:
            if roles == ["kehu_worker"] or (table, roles) in OF_FUNCTIONS:
                continue
            assert roles == ["kehu_app"], f"{table}: name the role, kehu_app or kehu_worker"
            assert "".join(sees.split()) == BOUND, f"{table}: use enable_tenant_security"
            assert writes is None, f"{table}: what may be read is what may be written"
            bound.add(table)
        assert bound == set(await _tables(running, "SELECT")) - {"alembic_version"}

    async def test_the_application_writes_nothing_into_another_tenant(
        self, running: RunningService
    ) -> None:
        tables = await _tables(running, "INSERT")
        assert "outbox" in tables
        for table in tables:
            for context in (Context(tenant_id="anybody", actor="tester"), None):
                with pytest.raises(DBAPIError, match="row-level security policy"):
                    async with running.database.session(context) as session:  # type: ignore[arg-type]
                        await session.execute(
                            text(f"INSERT INTO {table} (tenant_id) VALUES ('somebody-else')")
                        )

    async def test_the_application_role_cannot_bypass_it(self, running: RunningService) -> None:
        context = Context(tenant_id="anybody", actor="tester")
        async with running.database.transaction(context) as session:
            row = (
                await session.execute(
                    text(
                        "SELECT rolsuper, rolbypassrls, "
                        "pg_has_role('kehu_owner', 'USAGE') AS owner, "
                        "pg_has_role('kehu_worker', 'USAGE') AS worker "
                        "FROM pg_roles WHERE rolname = current_user"
                    )
                )
            ).one()
        assert tuple(row) == (False, False, False, False)


async def _tables(running: RunningService, right: str) -> list[str]:
    """Return the tables on which the application has the right."""
    query = text(
        "SELECT table_name FROM information_schema.table_privileges "
        "WHERE grantee = 'kehu_app' AND privilege_type = :right"
    )
    async with running.database.worker_transaction() as session:
        return list(await session.scalars(query, {"right": right}))


class TestErrors:
    def test_codes_are_unique_and_both_languages_tell_the_same_facts(self) -> None:
        for slug in SERVICES:
            _module(slug, "app")
        by_code: dict[str, type[DomainError]] = {}
        for error in _all_errors():
            if not error.__module__.startswith("kehu_"):
                continue
            assert re.fullmatch(r"[a-z]+(-[a-z]+)*", error.code), error
            other = by_code.setdefault(f"{error.__module__.split('.')[0]}:{error.code}", error)
            assert other is error, f"{error} and {other} share the code {error.code}"
            assert _facts(error.en, "_en") == _facts(error.zh, "_zh"), (
                f"{error}: the Chinese and English messages name different facts"
            )
            assert CHINESE.search(error.zh), f"{error}: the zh message is not Chinese"
            assert getdoc(error), f"{error}: say what it means"

    def test_objects_and_states_have_chinese_names(self) -> None:
        for slug in SERVICES:
            _module(slug, "app")
        for model in Aggregate.__subclasses__():
            if model.__module__.startswith("kehu_"):
                assert CHINESE.search(getattr(model, "label_zh", "")), f"{model}: add label_zh"
        named = (
            (OPPORTUNITY_ZH, [*Status]),
            (LEAD_ZH, [*LeadStatus]),
            (REQUEST_ZH, [*RequestStatus, *Answer]),
            (DIMENSION_ZH, [*Dimension]),
        )
        for words, members in named:
            assert set(words) == set(members)
            assert all(CHINESE.search(word) for word in words.values())


def _facts(template: str, suffix: str) -> set[str]:
    return {fact.removesuffix(suffix) for fact in PLACEHOLDER.findall(template)}

"""The OpenAPI document: every operation with its errors, headers and the scope it needs."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from kehu_kernel import errors, openapi_links
from kehu_kernel.errors import DomainError
from kehu_kernel.problems import MEDIA_TYPE, FieldProblem, Problem, problems

REF = "#/components/schemas/{model}"
ALWAYS: tuple[type[DomainError], ...] = (
    errors.Unauthenticated,
    errors.ScopeMissing,
    errors.InvalidText,
    errors.Unavailable,
    errors.TookTooLong,
    errors.IssuerUnavailable,
    errors.Overloaded,
    errors.DeadlinePassed,
)
COMMANDS: tuple[type[DomainError], ...] = (
    errors.ConcurrentChange,
    errors.BodyTooLarge,
    errors.OutcomeUnknown,
)
KEYED: tuple[type[DomainError], ...] = (
    errors.IdempotencyKeyInUse,
    errors.IdempotencyKeyReused,
    errors.InvalidHeader,
)
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Repeat a request with the same key and it has one effect and one answer.",
    "schema": {"type": "string", "pattern": '^"?[!#-~]{1,255}"?$'},
}
IF_MATCH = {"type": "string", "pattern": '^(W/)?"[0-9]{1,9}"$', "examples": ['"3"']}
BEARER = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "An access token, pasted. Its roles or scopes must grant what is listed.",
}
ACCEPT_LANGUAGE = {
    "name": "Accept-Language",
    "in": "header",
    "required": False,
    "description": "Language of messages: `zh` or `en`.",
    "schema": {"type": "string", "examples": ["zh-CN", "en"]},
}


def operation_id(route: APIRoute) -> str:
    """Name the operation after its function, e.g. `promote_customer`."""
    return route.name


def document(app: FastAPI) -> dict[str, Any]:
    """Return the app's OpenAPI document, made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            servers=app.servers,
        )
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        for model in (FieldProblem, Problem):
            schema = model.model_json_schema(ref_template=REF)
            schema.pop("$defs", None)
            schemas[model.__name__] = schema
        made["components"].setdefault("securitySchemes", {})["bearer"] = BEARER
        paths = made.get("paths", {})
        for path, operations in paths.items():
            for method, operation in operations.items():
                _complete(operation, method, path)
                openapi_links.describe_headers(operation, schemas)
        openapi_links.link(paths)
        app.openapi_schema = made
    return app.openapi_schema


def _complete(operation: dict[str, Any], method: str, path: str) -> None:
    responses = operation.setdefault("responses", {})
    responses["422"] = _merged(
        responses.get("422", {}) if _is_problem(responses.get("422")) else {},
        "`invalid-request`: Fields are missing, unknown or not valid; see `errors`.\n\n",
    )
    common = list(ALWAYS)
    if "{" in path:
        common.append(errors.NotFound)
    if method != "get":
        common += COMMANDS
        responses["400"] = _merged(
            responses.get("400", {}), "`malformed-json`: The body is not valid JSON.\n\n"
        )
    for alternative in list(operation.get("security", ())):
        operation["security"].append({"bearer": alternative["oidc"]})
    parameters = operation.setdefault("parameters", [])
    for parameter in parameters:
        if parameter["name"].lower() == "if-match":
            parameter |= {"name": "If-Match", "schema": IF_MATCH, "required": method == "patch"}
            common += [errors.VersionConflict, errors.InvalidHeader]
            if method in ("patch", "put", "delete"):
                common.append(errors.IfMatchRequired)
    if method == "post":
        common += KEYED
        parameters.append(IDEMPOTENCY_KEY)
    if any(parameter["name"] == "cursor" for parameter in parameters):
        common.append(errors.InvalidCursor)
    parameters.append(ACCEPT_LANGUAGE)
    for status, entry in problems(*common).items():
        responses[str(status)] = _merged(responses.get(str(status), {}), entry["description"])


def _is_problem(response: dict[str, Any] | None) -> bool:
    return response is not None and MEDIA_TYPE in response.get("content", {})


def _merged(existing: dict[str, Any], description: str) -> dict[str, Any]:
    """Return the response with one more failure described, unless it already is."""
    told = existing.get("description", "")
    content = {MEDIA_TYPE: {"schema": {"$ref": REF.format(model="Problem")}}}
    more = "" if description in told else description
    return {"description": told + more, "content": content}

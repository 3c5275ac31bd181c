"""What an answer leads to: headers that carry its version and place, links to what may follow.

All of it is derived from the uniform shape of our addresses: `POST /v1/things` creates one,
`/v1/things/{thing_id}` reads and changes it, `/v1/things/{thing_id}/...` acts on it.
"""

from collections.abc import Iterator
from typing import Any

Operation = dict[str, Any]
Paths = dict[str, dict[str, Operation]]

TEXT = {"type": "string"}
ETAG = {"description": "The version, for `If-Match`.", "required": True, "schema": TEXT}
LOCATION = {"description": "Where the new object is.", "required": True, "schema": TEXT}
REPLAYED = {
    "description": "`true`: this is the stored answer to an earlier request with the same key.",
    "required": False,
    "schema": {"type": "string", "enum": ["true"]},
}


def describe_headers(operation: Operation, schemas: dict[str, Any]) -> None:
    """Tell the headers of successful answers: `ETag` where the body has a version."""
    for status, response in operation["responses"].items():
        if not status.startswith("2"):
            continue
        schema = response["content"]["application/json"]["schema"]
        model = schemas.get(schema.get("$ref", "").rpartition("/")[2], {})
        headers = response.setdefault("headers", {})
        if "version" in model.get("properties", {}):
            headers["ETag"] = ETAG
        if status == "201":
            headers["Location"] = LOCATION
        if any(parameter["name"] == "Idempotency-Key" for parameter in operation["parameters"]):
            headers["Idempotency-Replayed"] = REPLAYED
        if not headers:
            del response["headers"]


def link(paths: Paths) -> None:
    """Add the links: from a created object to what can be done with it, from a page to the next."""
    for path, operations in paths.items():
        created = operations.get("post", {}).get("responses", {}).get("201")
        if created is not None and "{" not in path:
            _follow(created, "$response.body#/id", _below(paths, path))
        if path.endswith("}"):
            _link_versions(path, operations)
        listed = operations.get("get", {})
        if any(one["name"] == "cursor" for one in listed.get("parameters", ())):
            target = {"operationId": listed["operationId"]}
            next_page = target | {"parameters": {"query.cursor": "$response.body#/next_cursor"}}
            listed["responses"]["200"]["links"] = {"next_page": next_page}


def _below(paths: Paths, collection: str) -> Iterator[tuple[str, Operation]]:
    """The operations on one object of the collection, each with the name of its id."""
    for path, operations in paths.items():
        identity, _, _rest = path.removeprefix(f"{collection}/{{").partition("}")
        if path.startswith(f"{collection}/{{") and "{" not in _rest:
            for operation in operations.values():
                yield identity, operation


def _link_versions(path: str, operations: dict[str, Operation]) -> None:
    """Link reading and changing an object to the (next) change of that version."""
    change = operations.get("patch") or operations.get("put")
    identity = path.rpartition("{")[2].rstrip("}")
    for operation in operations.values():
        answer = operation["responses"].get("200")
        if change is not None and answer is not None:
            _follow(answer, f"$request.path.{identity}", [(identity, change)])


def _follow(
    answer: dict[str, Any], source: str, targets: Iterator[tuple[str, Operation]] | Any
) -> None:
    links = answer.setdefault("links", {})
    for identity, target in targets:
        parameters = {f"path.{identity}": source}
        needs = {one["name"] for one in target["parameters"] if one["required"]}
        if "If-Match" in needs and "ETag" in answer.get("headers", {}):
            parameters["header.If-Match"] = "$response.header.ETag"
        links[target["operationId"]] = {
            "operationId": target["operationId"],
            "parameters": parameters,
        }

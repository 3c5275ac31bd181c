"""Whether the customer list knows what a view asks for."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from pydantic import ValidationError

from kehu_customer.custom_fields.queries import fields_for
from kehu_customer.custom_fields.search import conditions
from kehu_customer.custom_fields.values import is_hidden
from kehu_customer.customers.schemas import CustomerFilters, CustomerRead
from kehu_customer.saved_views.errors import ViewColumnUnknown, ViewFilterInvalid
from kehu_customer.saved_views.models import SavedView
from kehu_kernel.pagination import PageParams
from kehu_kernel.session import Session

OF_PAGES = frozenset(PageParams.model_fields)
"""Parameters that belong to one call and not to a view."""
CUSTOM = "custom."


async def require_known(session: Session, view: SavedView) -> None:
    """Refuse a filter or column that the list does not know, by its name.

    Raises `ViewFilterInvalid`, `ViewColumnUnknown`, `FieldNotSearchable`.
    """
    wrong = {*(OF_PAGES & view.filters.keys())}
    try:
        asked = CustomerFilters.model_validate(_as_strings(view.filters))
    except ValidationError as error:
        wrong |= {str(one["loc"][0]) for one in error.errors()}
        raise ViewFilterInvalid(fields=sorted(wrong)) from error
    if wrong:
        raise ViewFilterInvalid(fields=sorted(wrong))
    await conditions(session, asked.custom, asked.custom_from, asked.custom_to)
    named = {one for one in view.columns if not one.startswith(CUSTOM)}
    unknown = named - CustomerRead.model_fields.keys()
    custom = {one.removeprefix(CUSTOM) for one in view.columns if one.startswith(CUSTOM)}
    if asked.custom_sort is not None:
        custom.add(asked.custom_sort.lstrip("-"))
    unknown |= {f"{CUSTOM}{code}" for code in await _retired(session, custom)}
    if unknown:
        raise ViewColumnUnknown(columns=sorted(unknown))


async def retired_fields(session: Session, views: Iterable[SavedView]) -> set[str]:
    """Return the codes of custom fields in views that the caller cannot use, or no longer."""
    return await _retired(session, {code for view in views for code in codes_of(view)})


def codes_of(view: SavedView) -> set[str]:
    """Return the codes of the custom fields that a view uses."""
    asked = [
        str(one).partition(":")[0]
        for name in ("custom", "custom_from", "custom_to")
        for one in _listed(view.filters.get(name, []))
    ]
    columns = [one.removeprefix(CUSTOM) for one in view.columns if one.startswith(CUSTOM)]
    sort = str(view.filters.get("custom_sort", "")).lstrip("-")
    return {*asked, *columns, *filter(None, [sort])}


def list_url(view: SavedView) -> str:
    """Return the address of the list with the view's filters and order."""
    pairs = [
        (name, _as_text(one)) for name, value in view.filters.items() for one in _listed(value)
    ]
    return f"/v1/customers?{urlencode(pairs)}" if pairs else "/v1/customers"


async def _retired(session: Session, codes: set[str]) -> set[str]:
    fields = await fields_for(session, sorted(codes), creating=False)
    scopes = session.context.scopes
    known = {code for code, field in fields.items() if not is_hidden(field, scopes)}
    return {code for code in codes if code not in known or not fields[code].active}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _as_strings(filters: Mapping[str, Any]) -> dict[str, Any]:
    """Return filters as a query has them: everything is text."""
    return {
        name: [_as_text(one) for one in value] if isinstance(value, list) else _as_text(value)
        for name, value in filters.items()
    }

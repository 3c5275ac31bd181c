"""What the world hears of a product."""

from typing import Any

from kehu_contracts import sales as contract
from kehu_sales.products.models import Product


def _state(product: Product, changed: list[str]) -> dict[str, Any]:
    return {
        "product_id": product.id,
        "code": product.code,
        "name": product.name,
        "series": product.series,
        "unit": product.unit,
        "list_price": product.price,
        "active": product.active,
        "category": product.category,
        "origin": product.origin,
        "tax_rate": product.tax_rate,
        "days_per_unit": product.days_per_unit,
        "service_enabled": product.service_enabled,
        "creates_product_file": product.creates_product_file,
        "spare_part": product.spare_part,
        "service_life_months": product.service_life_months,
        "warranty_months": product.warranty_months,
        "changed": changed,
    }


def created(product: Product) -> contract.ProductCreated:
    return contract.ProductCreated(**_state(product, []))


def changed(product: Product, fields: list[str]) -> contract.ProductChanged:
    return contract.ProductChanged(**_state(product, fields))

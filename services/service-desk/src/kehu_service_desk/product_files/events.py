"""What the world hears of a product file."""

from datetime import date

from kehu_contracts import service_desk as contract
from kehu_service_desk.product_files.models import ProductFile


def registered(file: ProductFile, on: date) -> contract.ProductFileRegistered:
    return contract.ProductFileRegistered(
        product_file_id=file.id,
        number=file.number,
        customer_id=file.customer_id,
        product_id=file.product_id,
        product_name=file.product_name,
        serial_number=file.serial_number,
        quantity=file.quantity,
        registered_on=on,
        warranty_ends_on=file.warranty_until,
        project_id=file.project_id,
        contract_id=file.contract_id,
        delivery_id=file.delivery_id,
    )


def withdrawn(file: ProductFile, on: date, reason: str) -> contract.ProductFileWithdrawn:
    return contract.ProductFileWithdrawn(
        product_file_id=file.id,
        number=file.number,
        customer_id=file.customer_id,
        product_id=file.product_id,
        product_name=file.product_name,
        serial_number=file.serial_number,
        quantity=file.quantity,
        withdrawn_on=on,
        reason=reason,
        project_id=file.project_id,
        contract_id=file.contract_id,
        delivery_id=file.delivery_id,
    )

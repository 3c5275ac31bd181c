"""The processes of the customer service: `python -m kehu_customer <command>`."""

from pathlib import Path

from kehu_customer.app import create_app
from kehu_customer.consumers import consumers
from kehu_customer.jobs import jobs
from kehu_customer.settings import Settings
from kehu_kernel.process import Service, main

SERVICE = Service(
    name="customer",
    settings=Settings,
    create_app=create_app,
    migrations=Path(__file__).parents[2] / "migrations",
    consumers=consumers,
    jobs=jobs,
)

if __name__ == "__main__":
    main(SERVICE)

"""The processes of the sales service: `python -m kehu_sales <command>`."""

from pathlib import Path

from kehu_kernel.process import Service, main
from kehu_sales.app import create_app
from kehu_sales.consumers import consumers
from kehu_sales.jobs import jobs
from kehu_sales.settings import Settings

SERVICE = Service(
    name="sales",
    settings=Settings,
    create_app=create_app,
    migrations=Path(__file__).parents[2] / "migrations",
    consumers=consumers,
    jobs=jobs,
)

if __name__ == "__main__":
    main(SERVICE)

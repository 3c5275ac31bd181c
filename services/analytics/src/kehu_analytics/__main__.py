"""The processes of the analytics service: `python -m kehu_analytics <command>`."""

from pathlib import Path

from kehu_analytics.app import create_app
from kehu_analytics.consumers import consumers
from kehu_analytics.jobs import jobs
from kehu_analytics.settings import Settings
from kehu_kernel.process import Service, main

SERVICE = Service(
    name="analytics",
    settings=Settings,
    create_app=create_app,
    migrations=Path(__file__).parents[2] / "migrations",
    consumers=consumers,
    jobs=jobs,
)

if __name__ == "__main__":
    main(SERVICE)

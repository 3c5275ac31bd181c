"""The processes of the marketing service: `python -m kehu_marketing <command>`."""

from pathlib import Path

from kehu_kernel.process import Service, main
from kehu_marketing.app import create_app
from kehu_marketing.consumers import consumers
from kehu_marketing.jobs import jobs
from kehu_marketing.settings import Settings

SERVICE = Service(
    name="marketing",
    settings=Settings,
    create_app=create_app,
    migrations=Path(__file__).parents[2] / "migrations",
    consumers=consumers,
    jobs=jobs,
)

if __name__ == "__main__":
    main(SERVICE)

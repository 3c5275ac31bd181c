"""The processes of the service desk: `python -m kehu_service_desk <command>`."""

from pathlib import Path

from kehu_kernel.process import Service, main
from kehu_service_desk.app import create_app
from kehu_service_desk.consumers import consumers
from kehu_service_desk.jobs import jobs
from kehu_service_desk.settings import Settings

SERVICE = Service(
    name="service-desk",
    settings=Settings,
    create_app=create_app,
    migrations=Path(__file__).parents[2] / "migrations",
    consumers=consumers,
    jobs=jobs,
)

if __name__ == "__main__":
    main(SERVICE)

"""Apache Kafka, the reference broker: fetched with Maven, one node, no ZooKeeper (KRaft)."""

import base64
import hashlib
import os
import re
import shutil
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path

from kehu_local import ports
from kehu_local.broker import Broker, await_broker
from kehu_local.errors import LocalError
from kehu_local.processes import Running, spawn

POM = Path(__file__).parents[2] / "kafka" / "pom.xml"
LOGGING = POM.with_name("log4j2.properties")
JAVA_AT_LEAST = 17
START_SECONDS = 120.0

SERVER_PROPERTIES = """\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{advertised_port}
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.voters=1@{host}:{controller_port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
# A killed node may register again once its old session has ended; the default makes it 9 s.
broker.session.timeout.ms=5000
broker.heartbeat.interval.ms=1000
auto.create.topics.enable=false
offsets.topic.num.partitions=10
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
"""


def start_kafka(
    data_dir: Path,
    port: int,
    *,
    libs: Path,
    log: Path | None = None,
    on_spawn: Callable[[Running], None] | None = None,
    advertised_port: int | None = None,
) -> Broker:
    """Start Apache Kafka and return when it accepts connections.

    `libs` is what `fetch_kafka` returned. The folder keeps its records over a stop, a kill and a
    new start, also on another port. `advertised_port` is where clients are sent to, if something
    stands between them and the broker. Raises `LocalError`.
    """
    ports.require_free({"broker": (port, "KEHU_BROKER_PORT")})
    java = find_java()
    data_dir = data_dir.resolve()
    data_dir.mkdir(parents=True, exist_ok=True)
    properties = data_dir / "server.properties"
    records = data_dir / "records"
    properties.write_text(
        SERVER_PROPERTIES.format(
            host=ports.HOST,
            port=port,
            advertised_port=advertised_port or port,
            controller_port=ports.free_port(),
            data=records,
        )
    )
    machine = [java, "-Xms256m", "-Xmx512m", f"-Dlog4j2.configurationFile={LOGGING.as_uri()}"]
    machine += ["-cp", str(libs / "*")]
    if not (records / "meta.properties").exists():
        _format(machine, properties)
    running = spawn(
        "broker",
        [*machine, "kafka.Kafka", str(properties)],
        port=port,
        log=log or data_dir.with_name(f"{data_dir.name}.log"),
    )
    return await_broker(running, on_spawn, "Apache Kafka", START_SECONDS)


def fetch_kafka(home: Path) -> Path:
    """Return the folder with Kafka's jars, fetched with Maven the first time (44 MB).

    A change of the pom fetches anew. Raises `LocalError` without Maven or a way to the jars.
    """
    version = hashlib.sha256(POM.read_bytes()).hexdigest()[:12]
    libs = home / "kafka" / f"libs-{version}"
    if libs.is_dir():
        return libs
    maven = shutil.which("mvn")
    if maven is None:
        raise LocalError(
            "Apache Kafka is fetched with Maven, and `mvn` is not installed. Install it "
            "(Debian: apt-get install maven), or work with the embedded broker."
        )
    find_java()
    draft = libs.with_name(f"{libs.name}.{os.getpid()}")
    fetched = subprocess.run(
        [
            maven, "-B", "-ntp", "-q", "-f", str(POM), "dependency:copy-dependencies",
            "-DincludeScope=runtime", f"-DoutputDirectory={draft}",
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if fetched.returncode != 0:
        shutil.rmtree(draft, ignore_errors=True)
        raise LocalError(
            "Maven could not fetch Apache Kafka; is the network reachable, and are Maven's "
            f"settings right?\n{fetched.stdout.strip()[-2000:]}"
        )
    if libs.is_dir():  # somebody else was faster
        shutil.rmtree(draft)
    else:
        draft.rename(libs)
    return libs


def find_java() -> str:
    """Return the path of a Java that Kafka 4 runs on. Raises `LocalError` if there is none."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    need = (
        f"Apache Kafka needs Java {JAVA_AT_LEAST} or newer. Install it "
        "(Debian: apt-get install openjdk-17-jre-headless) or set JAVA_HOME; "
        "the embedded broker needs no Java."
    )
    if java is None:
        raise LocalError(f"No Java found. {need}")
    try:
        told = subprocess.run([java, "-version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise LocalError(f"{java} does not run. {need}") from error
    version = re.search(r'version "(\d+)', told.stderr)
    if version is None or int(version.group(1)) < JAVA_AT_LEAST:
        raise LocalError(f"{java} is too old. {need}")
    return java


def _format(machine: list[str], properties: Path) -> None:
    cluster = _cluster_id()
    formatted = subprocess.run(
        [*machine, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties)],
        capture_output=True,
        text=True,
        check=False,
    )
    if formatted.returncode != 0:
        raise LocalError(
            f"Apache Kafka could not format its folder:\n{formatted.stderr or formatted.stdout}"
        )


def _cluster_id() -> str:
    """Return a new id as Kafka makes them: not with a dash first, which looks like an option."""
    while True:
        made = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not made.startswith("-"):
            return made

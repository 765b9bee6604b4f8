"""A real YARN on this machine: one ResourceManager and one NodeManager, from Maven's jars, without a container.

What it does otherwise than that of EMR is listed in docs/cloud.md, "Without an account".
"""

import json
import os
import re
import shutil
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path
from urllib.request import urlopen
from xml.sax.saxutils import escape

import pyspark

from headrace.errors import HeadraceError
from headrace.lake.jars import COMPILES_LITTLE, TO_S3, JarSet, java_program, resolved
from headrace.lake.session import to_s3
from headrace.settings import versions
from rehearsal.cloud.programs import beside, end_all_in

JARS = JarSet(
    "yarn",
    (
        f"org.apache.hadoop:hadoop-client-minicluster:{versions()['hadoop']}",
        # What it needs of others and does not name:
        *(f"org.bouncycastle:{each}-jdk18on:1.78.1" for each in ("bcprov", "bcpkix", "bcutil")),
        "javax.xml.bind:jaxb-api:2.3.1",
        "com.sun.xml.bind:jaxb-impl:2.3.1",
        "com.sun.xml.bind:jaxb-core:2.3.0.1",
        "javax.activation:activation:1.1.1",
    ),
    without=("org.apache.hadoop:hadoop-client-api", "org.apache.hadoop:hadoop-client-runtime", "junit:junit"),
    beside_sparks=False,  # which has later ones of the same name, with other packages in them
)
SPARK = Path(pyspark.__file__).parent
SERVER = "org.apache.hadoop.yarn.server"
DAEMONS = {
    "resourcemanager": f"{SERVER}.resourcemanager.ResourceManager",
    "nodemanager": f"{SERVER}.nodemanager.NodeManager",
}
HEAP = "256m"
UP_WITHIN = 90.0
PROMISED_MB, PROMISED_CORES = 1 << 16, 64  # containers use less than they ask for: none waits for room
HANDED_ON = (
    "JAVA_HOME", "PATH", "TZ", "AWS_ENDPOINT_URL", "AWS_ALLOW_HTTP", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
    "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EC2_METADATA_DISABLED", "NO_PROXY",
)  # fmt: skip
"""What containers inherit of the node, as those of EMR do its role."""
OURS = ("HEADRACE_", "PYTHON", "PYSPARK_", "SPARK_")


@dataclass(frozen=True)
class Yarn:
    """What lies in its folder, and what its ResourceManager tells."""

    home: Path

    @property
    def conf(self) -> Path:
        """What HADOOP_CONF_DIR names."""
        return self.home / "conf"

    @property
    def programs(self) -> Path:
        """What is on the path of a node: EMR's Python by its name."""
        return self.home / "bin"

    @property
    def logs(self) -> Path:
        """As application_…/container_…/stderr."""
        return self.home / "logs"

    @property
    def environment(self) -> dict[str, str]:
        """Of any program of the node."""
        java = java_program()
        if java is None:
            raise HeadraceError("YARN needs Java 17; run: make setup")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        return {
            **kept,
            "HADOOP_CONF_DIR": str(self.conf),
            "JAVA_HOME": str(java.resolve().parents[1]),
            "PATH": f"{self.programs}:{SPARK / 'bin'}:{kept.get('PATH', os.defpath)}",
            "SPARK_HOME": str(SPARK),
            "SPARK_LOCAL_IP": "127.0.0.1",
        }

    def containers(self, application: str) -> list[Path]:
        """Those that were ever begun, as folders of their logs; the first is YARN's own, others are executors."""
        return sorted((self.logs / application).glob("container_*"))

    def is_at_work(self, application: str) -> bool:
        """The NodeManager takes an application's folder away when its last container has ended."""
        return (self.home / "local/usercache" / getuser() / "appcache" / application).exists()

    def wait(self, seconds: float = UP_WITHIN) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if self._nodes():
                    return
            except OSError:  # it does not listen yet
                pass
            time.sleep(0.2)
        raise HeadraceError(f"YARN did not come up in {seconds:.0f} s; see {self.home}/*.log")

    def _nodes(self) -> int:
        """By JMX: its other pages tell nonsense from a jar whose packages are renamed."""
        (address,) = re.findall(
            r"<name>yarn.resourcemanager.webapp.address</name><value>(.+?)</value>",
            (self.conf / "yarn-site.xml").read_text(),
        )
        metrics = "Hadoop:service=ResourceManager,name=ClusterMetrics"
        with urlopen(f"http://{address}/jmx?qry={metrics}", timeout=30) as answer:
            return sum(each["NumActiveNMs"] for each in json.loads(answer.read())["beans"])


@contextmanager
def yarn(home: Path) -> Iterator[Yarn]:
    """Both processes are started and not waited for. They end as a machine does that is switched off, with all
    containers: each of these has a session of its own and would outlive its NodeManager."""
    there = Yarn(home)
    _prepare(there)
    jars = [resolved(JARS), resolved(TO_S3), SPARK / "jars"]
    java = [
        str(there.environment["JAVA_HOME"]) + "/bin/java", f"-Xmx{HEAP}", "-XX:+UseSerialGC", COMPILES_LITTLE,
        "--add-opens", "java.base/java.lang=ALL-UNNAMED", f"-Djava.io.tmpdir={home / 'tmp'}",
        "-Dorg.apache.logging.log4j.level=WARN",
        "-cp", ":".join([str(there.conf), *(f"{each}/*" for each in jars)]),
    ]  # fmt: skip
    with ExitStack() as stack:
        for name, main in DAEMONS.items():
            log = home / f"{name}.log"
            stack.enter_context(beside([*java, main], log, folder=home, environment=there.environment))
        try:
            yield there
        finally:
            end_all_in(home)


def _prepare(there: Yarn) -> None:
    for folder in (there.conf, there.programs, there.logs, there.home / "tmp"):
        folder.mkdir(parents=True, exist_ok=True)
    python = there.programs / f"python{versions()['emr_python']}"
    python.symlink_to(_python())
    rm = dict(
        zip(("address", "scheduler.address", "resource-tracker.address", "admin.address", "webapp.address"),
            _free_addresses(5), strict=True)
    )  # fmt: skip
    scheduler = f"{SERVER}.resourcemanager.scheduler.fifo.FifoScheduler"
    _write(
        there.conf / "core-site.xml",
        {
            "fs.defaultFS": "file:///",
            "hadoop.tmp.dir": there.home / "tmp",
            **{name.removeprefix("spark.hadoop."): value for name, value in to_s3().items()},
        },
    )
    _write(
        there.conf / "yarn-site.xml",
        {
            **{f"yarn.resourcemanager.{name}": address for name, address in rm.items()},
            "yarn.resourcemanager.scheduler.class": scheduler,
            "yarn.resourcemanager.nodemanagers.heartbeat-interval-ms": 200,  # a second, where nodes are many
            "yarn.nodemanager.address": "127.0.0.1:0",
            "yarn.nodemanager.localizer.address": "127.0.0.1:0",
            "yarn.nodemanager.webapp.address": "127.0.0.1:0",
            "yarn.nodemanager.local-dirs": there.home / "local",
            "yarn.nodemanager.log-dirs": there.logs,
            "yarn.nodemanager.env-whitelist": ",".join(HANDED_ON),
            "yarn.nodemanager.resource.memory-mb": PROMISED_MB,
            "yarn.nodemanager.resource.cpu-vcores": PROMISED_CORES,
            "yarn.nodemanager.pmem-check-enabled": "false",
            "yarn.nodemanager.vmem-check-enabled": "false",
            "yarn.nodemanager.disk-health-checker.enable": "false",  # a disk that is nine tenths full is none
            "yarn.nodemanager.log-container-debug-info.enabled": "false",  # lists all files of all packages
            "yarn.nodemanager.sleep-delay-before-sigkill.ms": 2000,
            "yarn.scheduler.maximum-allocation-mb": PROMISED_MB,
            "yarn.scheduler.minimum-allocation-mb": 256,
        },
    )  # fmt: skip


def _python() -> str:
    """Of the release's version and without our packages: the one that our environment was made from, if it is that."""
    wanted = versions()["emr_python"]
    if f"{sys.version_info.major}.{sys.version_info.minor}" == wanted:
        return os.path.realpath(sys.executable)
    found = shutil.which(f"python{wanted}")
    if found is None:
        raise HeadraceError(f"steps need Python {wanted}, that of EMR's release, and it is not on the PATH")
    return os.path.realpath(found)


def _free_addresses(count: int) -> list[str]:
    """All at once, so that none is named twice."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]


def _write(file: Path, values: Mapping[str, object]) -> None:
    lines = (
        f"<property><name>{name}</name><value>{escape(str(value))}</value></property>"
        for name, value in values.items()
    )
    file.write_text("\n".join(["<configuration>", *lines, "</configuration>", ""]))

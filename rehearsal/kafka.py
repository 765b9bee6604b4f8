"""A real Kafka broker on this machine: one node in KRaft mode, from Maven's jars, without a container."""

import re
import signal
import socket
import subprocess
import tempfile
import uuid
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path

import psutil
import pyspark
from kafka import KafkaAdminClient
from kafka.admin import NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError

from headrace.errors import HeadraceError, UsageError
from headrace.lake.jars import JarSet, java_program, resolved
from headrace.settings import versions
from headrace.sources.broker import connected
from rehearsal.subprocesses import last_lines, port_is_taken, started_apart, until

PACKAGES = (
    f"org.apache.kafka:kafka_{versions()['scala']}:{versions()['kafka']}",
    "org.slf4j:slf4j-simple:1.7.36",
)
HEAP = "512m"
PORT = 9092
SETTINGS = "server.properties"
UP_WITHIN = 60.0
DOWN_WITHIN = 20.0
MAIN = "kafka.Kafka"


def port_of(home: Path) -> int | None:
    """Where a broker of this home listens, or did last."""
    settings = home / SETTINGS
    found = re.search(r"PLAINTEXT://127\.0\.0\.1:(\d+)", settings.read_text()) if settings.exists() else None
    return int(found[1]) if found else None


@dataclass(frozen=True)
class Broker:
    """Its folder holds the log segments, its settings, what it says, and the id of its process."""

    home: Path
    port: int = PORT
    more: tuple[tuple[str, str], ...] = ()
    """Settings of its own beyond those that one node on one machine needs."""

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def up(self) -> None:
        """Starts it where it does not run, and waits until it answers."""
        if self.is_up():
            return
        if port_is_taken(self.port):
            raise HeadraceError(
                f"port {self.port} is in use by another program; choose another one with --port, and set "
                "HEADRACE_KAFKA_BOOTSTRAP to it"
            )
        self._make_home()
        java = _java(resolved(JarSet("kafka", PACKAGES, beside_sparks=False)))
        if not (self.home / "log" / "meta.properties").exists():
            self._format(java)
        pid = started_apart([*java, MAIN, str(self._settings())], self._log)
        self._pid_file.write_text(str(pid))
        until(self.answers, UP_WITHIN, lambda: not psutil.pid_exists(pid))
        if not self.answers():
            raise HeadraceError(
                f"the broker did not come up; the end of {self._log}:\n{last_lines(self._log)}"
            )

    def down(self, *, kill: bool = False) -> bool:
        """Stops it, and says whether it was running."""
        process = self._process()
        if process is None:
            self._pid_file.unlink(missing_ok=True)
            return False
        process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        try:
            process.wait(DOWN_WITHIN)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(DOWN_WITHIN)
        self._pid_file.unlink(missing_ok=True)
        return True

    def is_up(self) -> bool:
        return self._process() is not None and self.answers()

    def answers(self) -> bool:
        if not port_is_taken(self.port):
            return False
        try:
            connected(KafkaAdminClient, self.address, request_timeout_ms=3000).close()
        except (KafkaError, OSError):
            return False
        return True

    def make_topic(self, name: str, partitions: int, **settings: str) -> None:
        """Settings of the topic with _ for each dot."""
        admin = connected(KafkaAdminClient, self.address)
        try:
            configs = {setting.replace("_", "."): value for setting, value in settings.items()}
            admin.create_topics([NewTopic(name, partitions, 1, topic_configs=configs)])
        except TopicAlreadyExistsError:
            pass
        finally:
            admin.close()

    def _make_home(self) -> None:
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self.home).close()
        except OSError as error:
            raise UsageError(
                f"a broker cannot keep its messages in {self.home} ({error.strerror}); choose another folder "
                "with --home"
            ) from None

    @property
    def _pid_file(self) -> Path:
        return self.home / "broker.pid"

    def _process(self) -> psutil.Process | None:
        try:
            process = psutil.Process(int(self._pid_file.read_text()))
            is_ours = MAIN in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
        except (FileNotFoundError, NotADirectoryError, ValueError, psutil.Error):
            return None
        return process if is_ours else None

    def _settings(self) -> Path:
        file = self.home / SETTINGS
        values = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{self.port + 1}",
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://127.0.0.1:{self.port + 1}",
            "advertised.listeners": f"PLAINTEXT://{self.address}",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": str((self.home / "log").absolute()),
            "num.partitions": "2",
            "auto.create.topics.enable": "false",  # as in infra/modules/stream
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "message.max.bytes": str(16 << 20),
            "log.retention.hours": "168",
            **dict(self.more),
        }
        file.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
        return file

    def _format(self, java: list[str]) -> None:
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")  # may begin with a dash
        ran = subprocess.run(
            [*java, "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", str(self._settings())],
            capture_output=True, text=True,
        )  # fmt: skip
        if ran.returncode:
            raise HeadraceError(
                f"the broker's folder {self.home} could not be prepared:\n{ran.stderr.strip()}"
            )

    @property
    def _log(self) -> Path:
        return self.home / "broker.log"


def _java(jars: Path) -> list[str]:
    program = java_program()
    if program is None:
        raise HeadraceError("a broker needs Java 17 or 21; run: make setup")
    (scala,) = (Path(pyspark.__file__).parent / "jars").glob(
        f"scala-library-{versions()['scala']}*.jar"
    )  # Ivy leaves it to Spark
    return [str(program), f"-Xms{HEAP}", f"-Xmx{HEAP}", "-XX:+UseSerialGC", "-cp", f"{jars}/*:{scala}"]


def free_port() -> int:
    """The first of two that nobody uses: the broker's controller takes the second."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port

"""moto's server in a process of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from headrace.errors import HeadraceError
from headrace.lake.jars import TO_S3, resolved
from rehearsal.aws import BROKER, CLUSTER
from rehearsal.cloud.programs import end_all_in
from rehearsal.kafka import free_port
from rehearsal.yarn import JARS

REGION = "eu-west-1"
STARTS_WITHIN = 60.0


@dataclass(frozen=True)
class Aws:
    """Where it is, and what makes any client of AWS go there and nowhere else."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "rehearsal",
            "AWS_SECRET_ACCESS_KEY": "rehearsal",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_MAX_ATTEMPTS": "3",  # Terraform tries 25 times, which is silence for ten minutes
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }


@contextmanager
def aws(log: Path, broker: str = "", steps: Path | None = None) -> Iterator[Aws]:
    """broker: whom Kafka's clusters name. steps: the folder in which steps are run; by default they are not."""
    if steps:
        for jars in (JARS, TO_S3):
            resolved(jars)  # here, where it may take its time and say what it lacks
    log.parent.mkdir(parents=True, exist_ok=True)
    there = Aws(free_port())
    with log.open("ab") as said:
        server = subprocess.Popen(
            [sys.executable, "-m", "rehearsal.aws.server", "-H", "127.0.0.1", "-p", str(there.port)],
            env={
                **os.environ,
                **there.environment,
                BROKER: broker,
                **({CLUSTER: str(steps)} if steps else {}),
            },
            stdout=said,
            stderr=said,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C is for us; whoever ends it does so in order
        )
    try:
        _wait_for(server, there, log)
        yield there
    finally:
        server.terminate()
        try:
            server.wait(40)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        if steps:
            end_all_in(steps)


def _wait_for(server: "subprocess.Popen[bytes]", there: Aws, log: Path) -> None:
    began = time.monotonic()
    while time.monotonic() - began < STARTS_WITHIN:
        if server.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", there.port)) == 0:
                return
        time.sleep(0.1)
    raise HeadraceError(f"AWS on this machine did not start; see {log}")

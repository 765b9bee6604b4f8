"""Prefect on this machine: a server, and the worker as its task definition starts it. Both real."""

import base64
import gzip
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx

from headrace.errors import HeadraceError
from rehearsal.cloud.programs import beside, done
from rehearsal.kafka import free_port

STARTS_WITHIN, WORKS_WITHIN, BUSY_WITHIN = 180.0, 120.0, 60.0
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


@dataclass(frozen=True)
class Prefect:
    """What of its API is needed here."""

    url: str

    def ask(self, way: str, path: str, body: Any = None) -> Any:
        """A server whose database is locked for the moment says 503 and has done nothing; Prefect's client asks again,
        too."""
        end = time.monotonic() + BUSY_WITHIN
        while True:
            answer = httpx.request(way, f"{self.url}{path}", json=body, timeout=30, trust_env=False)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or time.monotonic() > end:
                break
            time.sleep(1)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def is_up(self) -> bool:
        try:
            return bool(self.ask("GET", "/health"))
        except httpx.HTTPError:
            return False

    def has_worker(self, pool: str) -> bool:
        try:
            workers = self.ask("POST", f"/work_pools/{pool}/workers/filter", {})
        except httpx.HTTPStatusError:  # the worker makes the pool
            return False
        return any(each["status"] == "ONLINE" for each in workers)

    def deployments(self) -> list[str]:
        """As flow/deployment."""
        flows = {each["id"]: each["name"] for each in self.ask("POST", "/flows/filter", {})}
        return [
            f"{flows[each['flow_id']]}/{each['name']}" for each in self.ask("POST", "/deployments/filter", {})
        ]

    def deployment(self, name: str) -> dict[str, Any]:
        """name: flow/deployment."""
        found: dict[str, Any] = self.ask("GET", f"/deployments/name/{name}")
        return found

    def schedule(self, name: str, cron: str) -> None:
        """Puts another cron in the place of each schedule that a deployment has, and lets it run."""
        deployment = self.deployment(name)
        for each in deployment["schedules"]:
            changed = {"schedule": {**each["schedule"], "cron": cron}, "active": True}
            self.ask("PATCH", f"/deployments/{deployment['id']}/schedules/{each['id']}", changed)

    def pause(self, name: str) -> None:
        self.ask("POST", f"/deployments/{self.deployment(name)['id']}/pause_deployment")

    def run(
        self, name: str, parameters: Mapping[str, Any], *, within: float, meanwhile: Callable[[], None]
    ) -> dict[str, Any]:
        """By hand, until it has ended."""
        run = self.begin(name, parameters)
        found = self.ended(run, name, within=within, meanwhile=meanwhile)
        if found["state_type"] != "COMPLETED":
            raise HeadraceError(f"{name}: {found['state']['message']}\n{self._last_words(run)}")
        return found

    def begin(self, name: str, parameters: Mapping[str, Any]) -> str:
        """The id of a run of that deployment."""
        deployment = self.deployment(name)
        given = {"parameters": {**deployment["parameters"], **parameters}}
        return str(self.ask("POST", f"/deployments/{deployment['id']}/create_flow_run", given)["id"])

    def ended(
        self, run: str, name: str, *, within: float, meanwhile: Callable[[], None] = lambda: None
    ) -> dict[str, Any]:
        """In whatever way."""
        end = time.monotonic() + within
        while time.monotonic() < end:
            found: dict[str, Any] = self.ask("GET", f"/flow_runs/{run}")
            if found["state_type"] in ENDED:
                return found
            meanwhile()
            time.sleep(0.5)
        raise HeadraceError(f"{name} was not through in {within:.0f} s: it is {found['state_name'].lower()}")

    def runs_of(self, name: str) -> list[dict[str, Any]]:
        """Those that have begun, the newest first."""
        wanted = {"deployments": {"id": {"any_": [self.deployment(name)["id"]]}}, "sort": "START_TIME_DESC"}
        found = self.ask("POST", "/flow_runs/filter", wanted)
        return [each for each in found if each["start_time"]]

    def task_runs_of(self, run: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask(
            "POST", "/task_runs/filter", {"flow_runs": {"id": {"any_": [run]}}}
        )
        return found

    def _last_words(self, run: str) -> str:
        wanted = {"logs": {"flow_run_id": {"any_": [run]}}, "sort": "TIMESTAMP_DESC", "limit": 12}
        return "\n".join(each["message"] for each in reversed(self.ask("POST", "/logs/filter", wanted)))


@contextmanager
def prefect_server(home: Path, environment: Mapping[str, str]) -> Iterator[Prefect]:
    port = free_port()
    there = Prefect(f"http://127.0.0.1:{port}/api")
    told = {
        **environment,
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_API_URL": there.url,  # for a person who looks at its page meanwhile
        "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "5",
    }
    program = Path(sys.executable).parent / "prefect"
    words = [program, "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    log = home / "logs" / "prefect.log"
    with beside(words, log, folder=home, environment=told) as process:
        _until(there.is_up, STARTS_WITHIN, lambda: process.poll() is not None, f"Prefect's server; see {log}")
        yield there


@contextmanager
def worker_of(
    task: str, prefect: Prefect, home: Path, environment: Mapping[str, str], instead: Mapping[str, str]
) -> Iterator[None]:
    """The container of a task definition, without the container: its command in an environment like that of its image,
    with the packages it is told to install, by their hashes, and no other. instead: what holds here and not in AWS."""
    defined = boto3.client("ecs").describe_task_definition(taskDefinition=task)["taskDefinition"]
    (container,) = defined["containerDefinitions"]
    told = {each["name"]: each["value"] for each in container["environment"]}
    needs, install = told.pop("NEEDS"), told.pop("EXTRA_PIP_PACKAGES")
    python = _image_like(container["image"], needs, install, home, environment)
    program, *words = container["command"]
    given = {
        **environment, **told, **instead,
        "PREFECT_HOME": str(home / "worker"),
        "PREFECT_WORKER_QUERY_SECONDS": "2",  # runs follow each other closely here
        "PREFECT_WORKER_WEBSERVER_PORT": str(free_port()),
        "PATH": f"{python.parent}:{environment['PATH']}",
    }  # fmt: skip
    log, pool = home / "logs" / "worker.log", words[words.index("--pool") + 1]
    with beside([python.parent / program, *words], log, folder=home, environment=given) as process:
        _until(
            lambda: prefect.has_worker(pool),
            WORKS_WITHIN,
            lambda: process.poll() is not None,
            f"the worker; see {log}",
        )
        yield


def _image_like(image: str, needs: str, install: str, home: Path, environment: Mapping[str, str]) -> Path:
    version = re.search(r":(\d+\.\d+\.\d+)-python(\d+\.\d+)", image)
    if version is None:
        raise HeadraceError(f"the worker's image is {image}, whose versions cannot be read")
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{environment['PATH']}") or "uv"
    folder, log = home / "image", home / "logs" / "image.log"
    lock, named = Path(__file__).parents[2] / "requirements.lock", home / "needs.txt"
    done([uv, "venv", "--python", version[2], folder], log, folder=home, environment=environment)
    python = folder / "bin" / "python"
    pip = [uv, "pip", "install", "--python", python]
    itself = [*pip, "--constraint", lock, f"prefect=={version[1]}"]
    done(itself, log, folder=home, environment=environment)
    named.write_bytes(gzip.decompress(base64.b64decode(needs)))
    words = install.replace("/tmp/needs.txt", str(named)).split()
    done([*pip, *words], log, folder=home, environment=environment)
    return python


def _until(holds: Callable[[], bool], seconds: float, is_hopeless: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not is_hopeless():
        if holds():
            return
        time.sleep(0.3)
    raise HeadraceError(f"this did not come up: {what}")

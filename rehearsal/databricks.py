"""A workspace of Databricks on this machine: the few calls of its Jobs API that are used, spoken over HTTP.

A run does nothing by itself: each time it is looked at it makes the next of the moves that it was given.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "dapi-of-a-rehearsal"
FIRST_RUN, TASK_OF = 701, 10_000

Move = Callable[["OneRun"], None]
Answer = tuple[int, dict[str, Any]]


@dataclass
class OneRun:
    """A run and its one task."""

    number: int
    asked: dict[str, Any]
    state: str = "PENDING"
    said: str = "Waiting for cluster"
    code: str = ""
    logs: str = ""
    moves: list[Move] = field(default_factory=list)

    @property
    def words(self) -> dict[str, Any]:
        """What the program is told."""
        words: dict[str, Any] = {}
        for word in self.asked["tasks"][0]["spark_python_task"]["parameters"]:
            words |= json.loads(word)
        return words

    def ends(self, code: str, said: str = "") -> None:
        self.state, self.code, self.said = "TERMINATED", code, said

    def as_json(self, host: str) -> dict[str, Any]:
        why = {"code": self.code, "message": self.said} if self.code else None
        return {
            "run_id": self.number,
            "run_page_url": f"{host}/?o=1#job/1/run/{self.number}",
            "state": {"life_cycle_state": self.state, "state_message": self.said},
            "status": {"state": self.state, **({"termination_details": why} if why else {})},
            "tasks": [{"task_key": "headrace", "run_id": self.number + TASK_OF}],
        }


@dataclass
class Workspace:
    """refuses: what to answer instead, by the end of a call's path."""

    host: str = ""
    clusters: set[str] = field(default_factory=lambda: {"0101-toy"})
    runs: dict[int, OneRun] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    refuses: dict[str, Answer] = field(default_factory=dict)
    bodies: list[str] = field(default_factory=list)

    @property
    def run(self) -> OneRun:
        """The last one."""
        return self.runs[max(self.runs)]

    def does(self, *moves: Move) -> None:
        self.moves += moves

    def submit(self, asked: dict[str, Any]) -> Answer:
        cluster = asked["tasks"][0].get("existing_cluster_id")
        if cluster and cluster not in self.clusters:
            return 400, _error("INVALID_PARAMETER_VALUE", f"Cluster {cluster} does not exist")
        same = [
            run for run in self.runs.values() if run.asked["idempotency_token"] == asked["idempotency_token"]
        ]
        run = same[0] if same else OneRun(FIRST_RUN + len(self.runs), asked, moves=self.moves)
        self.runs[run.number] = run
        return 200, {"run_id": run.number}

    def get(self, asked: dict[str, Any]) -> Answer:
        run = self.runs[int(asked["run_id"])]
        if run.moves:
            run.moves.pop(0)(run)
        return 200, run.as_json(self.host)

    def cancel(self, asked: dict[str, Any]) -> Answer:
        self.runs[int(asked["run_id"])].ends("USER_CANCELED", "Run cancelled.")
        return 200, {}

    def output(self, asked: dict[str, Any]) -> Answer:
        task = int(asked["run_id"])
        if task in self.runs:
            return 400, _error(
                "INVALID_PARAMETER_VALUE", "Retrieving the output of a run with tasks is not supported"
            )
        return 200, {"logs": self.runs[task - TASK_OF].logs}

    def answer(self, path: str, asked: dict[str, Any], authorization: str) -> Answer:
        for end, answer in self.refuses.items():
            if path.endswith(end):
                return answer
        if path == "/.well-known/databricks-config":
            return 200, {}
        if authorization != f"Bearer {TOKEN}":
            return 401, _error("UNAUTHENTICATED", "Credential was not sent or was of an unsupported type")
        call = path.partition("/jobs/runs/")[2]
        calls = {"submit": self.submit, "get": self.get, "cancel": self.cancel, "get-output": self.output}
        return calls[call](asked) if call in calls else (501, _error("NOT_IMPLEMENTED", f"no {path} here"))


@contextmanager
def databricks() -> Iterator[Workspace]:
    workspace = Workspace()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _speaking_for(workspace))
    workspace.host = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield workspace
    finally:
        server.shutdown()
        server.server_close()


def _speaking_for(workspace: Workspace) -> type[BaseHTTPRequestHandler]:
    class Speaks(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            workspace.bodies.append(body)
            self._answer(json.loads(body))

        def _answer(self, asked: dict[str, Any]) -> None:
            path = urlsplit(self.path).path
            code, told = workspace.answer(path, asked, self.headers.get("Authorization", ""))
            body = json.dumps(told).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Speaks


def _error(code: str, message: str) -> dict[str, str]:
    return {"error_code": code, "message": message}

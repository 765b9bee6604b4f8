"""The engine on EMR: a job handed over as a step, waited for, and brought back or told of."""

import gzip
import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import boto3
import pytest
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.responses import ActionResult
from moto.emr.models import emr_backends
from prefect.utilities.filesystem import filter_files

import rehearsal.aws.server  # noqa: F401 - moto with its gaps closed
from headrace.engines import Job, submit, submit_all
from headrace.engines import cluster as clusters
from headrace.engines.cluster import Look
from headrace.engines.emr import ClusterSteps, ServerlessRuns
from headrace.engines.package import Package, stamp
from headrace.errors import HeadraceError, NotReady, Transient, UsageError
from headrace.lake import objects
from headrace.lake.lease import leased
from headrace.lake.paths import Paths
from headrace.settings import Settings, versions
from rehearsal.aws.server_process import REGION
from rehearsal.cloud.checkout import made_in

ROOT = Path(__file__).parents[2]
JOB = Job("refine", "toy", {"layers": ["silver"]})


@dataclass
class Cluster:
    """A cluster whose steps go on when the engine would wait: each pause is one move."""

    settings: Settings
    moves: list[Callable[[Any], None]] = field(default_factory=list)

    @property
    def itself(self) -> Any:
        return emr_backends[DEFAULT_ACCOUNT_ID][REGION].clusters[self.settings.emr_id]

    @property
    def steps(self) -> list[Any]:
        return list(self.itself.steps)

    def next_move(self, seconds: float) -> None:
        assert 0 < seconds < 60
        self.moves.pop(0)(self.steps[-1])

    def does(self, *moves: Callable[[Any], None]) -> None:
        self.moves += moves


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, REGION)
    monkeypatch.chdir(tmp_path)
    stamp(
        Package(
            "s3a://a/code/run.py",
            "s3a://a/code/code.zip",
            "s3a://a/code/needs.tar.gz",
            ("s3a://a/code/jars/x.jar",),
        )
    )
    with mock_aws():
        objects._s3.cache_clear()
        for name in ("test-artifacts", "test-lake", "test-logs"):
            boto3.client("s3").create_bucket(
                Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
            )
        made = boto3.client("emr").run_job_flow(
            Name="toy",
            ReleaseLabel=versions()["emr_release"],
            Instances={"KeepJobFlowAliveWhenNoSteps": True},
        )
        here = Cluster(
            Settings(
                engine="emr", emr_id=made["JobFlowId"], lake_url="s3://test-lake", landing_url="s3://landing",
                artifacts_url="s3://test-artifacts", logs_url="s3://test-logs",
            )
        )  # fmt: skip
        monkeypatch.setattr(clusters.time, "sleep", here.next_move)
        monkeypatch.setattr("headrace.engines.emr.LOGS_COME_WITHIN", 0)
        yield here
    objects._s3.cache_clear()


def asked_of(step: Any) -> dict[str, Any]:
    asked: dict[str, Any] = json.loads(step.args[-2])
    return asked


def runs(step: Any) -> None:
    step.state = "RUNNING"


def succeeds(step: Any) -> None:
    asked = asked_of(step)
    done = [{"job": job, "seconds": 1.0, "summary": {"rows": 7}} for job in asked["jobs"]]
    objects.put_json(asked["result"], {"done": done})
    step.state = "COMPLETED"


def fails(step: Any) -> None:
    told = {"error": "silver.things: no such column", "exit_code": 2, "trace": "Traceback\n  line 3"}
    objects.put_json(asked_of(step)["result"], told)
    step.state = "FAILED"


def dies(step: Any) -> None:
    step.state = "FAILED"


def test_a_job_goes_as_a_step_and_its_result_comes_back(cluster: Cluster) -> None:
    cluster.does(runs, succeeds)
    assert submit(JOB, cluster.settings).summary == {"rows": 7}
    (step,) = cluster.steps
    asked = asked_of(step)
    assert asked["jobs"] == [{"name": "refine", "domain": "toy", "options": {"layers": ["silver"]}}]
    assert asked["settings"]["HEADRACE_LAKE_URL"] == "s3://test-lake"
    assert "HEADRACE_ENGINE" not in asked["settings"], "the job would hand itself over again"
    assert step.args[:3] == ["spark-submit", "--deploy-mode", "client"]
    assert "spark.yarn.stagingDir=s3a://a/staging" in step.args, (
        "else each step copies and unpacks the archives"
    )
    assert "s3a://a/code/code.zip#code,s3a://a/code/needs.tar.gz#needs" in step.args, "for the executors"
    assert json.loads(step.args[-1]) == {"archives": ["s3a://a/code/code.zip", "s3a://a/code/needs.tar.gz"]}


def test_jobs_that_follow_each_other_are_one_step(cluster: Cluster) -> None:
    cluster.does(runs, succeeds)
    scan = Job("scan", "toy", {"layer": "silver"})
    assert [done.job for done in submit_all([JOB, scan], cluster.settings)] == [JOB, scan]
    (step,) = cluster.steps
    assert step.name == "refine toy layers=['silver'] + scan"


def test_a_job_that_fails_says_why_with_its_own_exit_code(cluster: Cluster) -> None:
    cluster.does(runs, fails)
    with pytest.raises(HeadraceError, match="no such column") as raised:
        submit(JOB, cluster.settings)
    assert raised.value.exit_code == 2
    assert "line 3" in str(raised.value)


def test_what_a_job_on_a_cluster_waits_for_comes_back_as_such(cluster: Cluster) -> None:
    def is_not_ready(step: Any) -> None:
        told = {"error": "silver.things does not exist yet", "exit_code": 2, "waits_for": "silver.things"}
        objects.put_json(asked_of(step)["result"], told)
        step.state = "FAILED"

    cluster.does(runs, is_not_ready)
    with pytest.raises(NotReady, match="does not exist yet") as raised:
        submit(JOB, cluster.settings)
    assert raised.value.waits_for == "silver.things"


def test_of_one_that_died_without_a_word_the_end_of_its_log_is_told(cluster: Cluster) -> None:
    def logs(step: Any) -> None:
        where = f"s3://test-logs/emr/{cluster.settings.emr_id}/steps/{step.id}/stderr.gz"
        objects.put(where, gzip.compress(b"first\nContainer killed by YARN"))
        dies(step)

    cluster.does(runs, logs)
    with pytest.raises(HeadraceError, match="killed by YARN"):
        submit(JOB, cluster.settings)


def test_one_that_was_cancelled_elsewhere_is_no_success(cluster: Cluster) -> None:
    def is_cancelled(step: Any) -> None:
        step.state = "CANCELLED"

    cluster.does(is_cancelled)
    with pytest.raises(HeadraceError, match="was cancelled"):
        submit(JOB, cluster.settings)


def test_one_whose_cluster_ended_under_it_says_so(cluster: Cluster) -> None:
    def ends(step: Any) -> None:
        cluster.itself.terminate()
        step.state = "CANCELLED"

    cluster.does(runs, ends)
    with pytest.raises(HeadraceError, match=r"its cluster .* is gone"):
        submit(JOB, cluster.settings)


def test_a_step_goes_on_while_nobody_can_look(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    look, blind = ClusterSteps.look, iter([False, True, True, False, False])

    def now_and_then(self: ClusterSteps, step: str) -> Look:
        if next(blind):
            raise Transient("Rate exceeded")
        return look(self, step)

    def stays(step: Any) -> None:
        """As it is."""

    monkeypatch.setattr(ClusterSteps, "look", now_and_then)
    cluster.does(runs, stays, stays, succeeds)
    assert submit(JOB, cluster.settings).summary == {"rows": 7}


def test_but_not_for_ever(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(self: ClusterSteps, step: str) -> Look:
        raise Transient("Rate exceeded")

    monkeypatch.setattr(ClusterSteps, "look", never)
    monkeypatch.setattr(clusters, "BLIND_FOR", -1.0)
    with pytest.raises(Transient, match="Rate exceeded"):
        submit(JOB, cluster.settings)
    assert cluster.steps[0].state == "CANCELLED"


def test_a_step_that_will_not_be_cancelled_is_told(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_stopped(step: Any) -> None:
        step.state = "COMPLETED"
        raise KeyboardInterrupt

    def refuses(self: object) -> ActionResult:
        return ActionResult({"CancelStepsInfoList": [{"Status": "FAILED", "Reason": "it is over"}]})

    monkeypatch.setattr("moto.emr.responses.ElasticMapReduceResponse.cancel_steps", refuses)
    cluster.does(runs, is_stopped)
    with pytest.raises(KeyboardInterrupt) as raised:
        submit(JOB, cluster.settings)
    assert "was not cancelled: it is over" in raised.value.__notes__[0]


def test_whoever_stops_waiting_takes_the_step_along(cluster: Cluster) -> None:
    def is_stopped(step: Any) -> None:
        raise KeyboardInterrupt

    cluster.does(runs, is_stopped)
    with pytest.raises(KeyboardInterrupt):
        submit(JOB, cluster.settings)
    assert cluster.steps[0].state == "CANCELLED"


def test_what_stopped_the_wait_is_told_also_where_the_step_cannot_be_stopped(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_stopped(step: Any) -> None:
        raise KeyboardInterrupt

    def refuse(self: object, step: str) -> None:
        raise HeadraceError("no right to CancelSteps")

    monkeypatch.setattr("headrace.engines.emr.ClusterSteps.cancel", refuse)
    cluster.does(runs, is_stopped)
    with pytest.raises(KeyboardInterrupt) as raised:
        submit(JOB, cluster.settings)
    assert "may still run: no right to CancelSteps" in raised.value.__notes__[0]


def test_a_cluster_that_is_gone_is_told(cluster: Cluster) -> None:
    cluster.itself.terminate()
    with pytest.raises(NotReady, match=r"is gone .*terraform apply") as raised:
        submit(JOB, cluster.settings)
    assert "its cluster, which has ended" in raised.value.waits_for


def test_a_cluster_that_is_starting_is_waited_for(cluster: Cluster) -> None:
    cluster.itself.state = "BOOTSTRAPPING"

    def stays(step: Any) -> None:
        step.state = "PENDING"

    cluster.does(stays, stays, runs, succeeds)
    assert submit(JOB, cluster.settings).summary == {"rows": 7}


def test_a_cluster_of_nobody_is_told_by_its_setting(cluster: Cluster) -> None:
    elsewhere = cluster.settings.model_copy(update={"emr_id": "j-NOBODY"})
    with pytest.raises(HeadraceError, match="HEADRACE_EMR_ID"):
        submit(JOB, elsewhere)


def test_without_its_settings_the_engine_says_which(cluster: Cluster) -> None:
    with pytest.raises(UsageError, match=r"HEADRACE_EMR_ID.*configure --from-terraform"):
        submit(JOB, cluster.settings.model_copy(update={"emr_id": ""}))


class Agent(BaseHTTPRequestHandler):
    """ECS's endpoint in a task."""

    asked: ClassVar[list[tuple[str, Any]]] = []

    def do_PUT(self) -> None:
        self.asked.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def test_a_worker_is_not_replaced_while_a_run_of_it_waits_for_a_step(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    Agent.asked.clear()
    monkeypatch.setattr("headrace.engines.cluster.HELD_AGAIN", 0.0)
    with HTTPServer(("127.0.0.1", 0), Agent) as agent:
        answering = threading.Thread(target=agent.serve_forever)
        answering.start()
        monkeypatch.setenv("ECS_AGENT_URI", f"http://127.0.0.1:{agent.server_port}/api/task")
        cluster.does(runs, runs, succeeds)
        submit(JOB, cluster.settings)
        agent.shutdown()
        answering.join()
    held = ("/api/task/task-protection/v1/state", {"ProtectionEnabled": True, "ExpiresInMinutes": 10})
    assert Agent.asked == [held] * 4, "once for each look"


def test_a_run_goes_on_where_its_worker_cannot_be_held(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ECS_AGENT_URI", "http://127.0.0.1:1/api/task")
    cluster.does(runs, succeeds)
    assert submit(JOB, cluster.settings).summary == {"rows": 7}


PARAMETER = {
    "emr_kind": "serverless",
    "emr_id": "00abc",
    "stream_emr_kind": "cluster",
    "stream_emr_id": "j-1",
}


def states(parameter: dict[str, str]) -> None:
    boto3.client("ssm").put_parameter(
        Name="/headrace-toy/compute", Value=json.dumps(parameter), Type="String", Overwrite=True
    )


def test_a_cluster_that_is_made_anew_is_found_without_a_deployment(cluster: Cluster) -> None:
    settings = cluster.settings.model_copy(update={"emr_id": "", "environment": "headrace-toy"})
    states({**PARAMETER, "emr_kind": "cluster", "emr_id": "j-GONE"})
    with pytest.raises(HeadraceError, match="EMR cluster j-GONE"):
        submit(JOB, settings)
    states({**PARAMETER, "emr_kind": "cluster", "emr_id": cluster.settings.emr_id})
    cluster.does(runs, succeeds)
    assert submit(JOB, settings).summary == {"rows": 7}


def test_the_standing_job_goes_to_its_own_place_and_all_else_to_another(cluster: Cluster) -> None:
    settings = cluster.settings.model_copy(
        update={
            "emr_id": "",
            "environment": "headrace-toy",
            "job_role_arn": "arn:aws:iam::123456789012:role/job",
        }
    )
    states({**PARAMETER, "stream_emr_id": cluster.settings.emr_id})
    with pytest.raises(HeadraceError, match="EMR Serverless application 00abc"):
        submit(JOB, settings)
    assert submit(KEEP, settings).summary["state"] == "started"
    assert [asked_of(step)["kind"] for step in cluster.steps] == ["standing"]


def test_an_environment_without_its_parameter_is_told_by_its_name(cluster: Cluster) -> None:
    nowhere = cluster.settings.model_copy(update={"emr_id": "", "environment": "headrace-none"})
    with pytest.raises(
        HeadraceError, match=r"parameter /headrace-none/compute \(HEADRACE_ENVIRONMENT\) is not there"
    ):
        submit(JOB, nowhere)


def test_serverless_needs_the_role_of_its_runs(cluster: Cluster) -> None:
    serverless = cluster.settings.model_copy(update={"emr_kind": "serverless"})
    with pytest.raises(UsageError, match="needs HEADRACE_JOB_ROLE_ARN"):
        submit(JOB, serverless)


def test_a_serverless_run_says_how_large_its_machines_are(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def start(self: object, operation: str, given: dict[str, Any]) -> dict[str, str]:
        asked.update(given)
        return {"jobRunId": "1"}

    settings = cluster.settings.model_copy(update={"emr_id": "00abc"})
    package = Package("s3a://a/code/run.py", "s3a://a/code/code.zip", "s3a://a/code/needs.tar.gz", ())
    runs_there = ServerlessRuns(settings)
    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", start)
    runs_there.start(clusters.Program("refine toy", (), package))
    words = asked["jobDriver"]["sparkSubmit"]["sparkSubmitParameters"].split()
    conf = dict(words[place + 1].split("=", 1) for place, word in enumerate(words) if word == "--conf")
    (gb_a_core,) = re.findall(
        r'memory = "\$\{(\d+) \* var.most_cores\} GB"', (ROOT / "infra/modules/compute/main.tf").read_text()
    )
    for role in ("driver", "executor"):
        cores = int(conf[f"spark.{role}.cores"])
        heap, outside = (
            int(conf[f"spark.{role}.{what}"].removesuffix("m")) for what in ("memory", "memoryOverhead")
        )
        assert heap + outside == 1024 * cores * int(gb_a_core), "the application's most is so much a core"
        assert outside / (heap + outside) == pytest.approx(0.3, abs=0.001), "Python and Arrow live there"
        assert conf[f"spark.emr-serverless.{role}.disk"] == "100G"
    assert conf["spark.emr-serverless.driverEnv.PYTHONPATH"] == "code:needs"


def test_the_standing_job_is_a_step_that_nobody_waits_for(cluster: Cluster) -> None:
    clusters.start_standing("toy", cluster.settings)
    (step,) = cluster.steps
    assert asked_of(step)["kind"] == "standing"


KEEP = Job("keep", "toy")


def test_a_standing_job_that_is_down_is_started_from_here_and_without_a_step_to_look(
    cluster: Cluster,
) -> None:
    assert submit(KEEP, cluster.settings).summary["state"] == "started"
    assert [asked_of(step)["kind"] for step in cluster.steps] == ["standing"]
    assert submit(KEEP, cluster.settings).summary["state"] == "alive", "it is given time"


def test_a_standing_job_whose_step_has_not_begun_is_waited_for_and_one_that_died_is_not(
    cluster: Cluster,
) -> None:
    settings = cluster.settings.model_copy(update={"heartbeat_seconds": 0})
    assert submit(KEEP, settings).summary["state"] == "started"
    (step,) = cluster.steps
    step.state = "PENDING"
    waits = submit(KEEP, settings).summary
    assert waits["state"] == "waiting"
    assert f"its step {step.id} (waiting the cluster is " in waits["said"]
    dies(step)
    assert f"its step {step.id} (failed) gave no sign of life" in submit(KEEP, settings).summary["said"]
    assert len(cluster.steps) == 2


def test_it_is_not_started_while_others_write_what_it_may_need(cluster: Cluster) -> None:
    paths = Paths.of("toy", cluster.settings)
    with leased([paths.lease("gold", "sums")], job="refine toy", seconds=60):
        pass
    with leased([paths.lease("silver", "things")], job="refine toy", seconds=60):
        assert "silver.things is being written" in submit(KEEP, cluster.settings).summary["said"]
    assert cluster.steps == []


WITHOUT_SPARK = """
import sys
for name in ("pyspark", "delta", "duckdb", "pyarrow", "numpy", "pandas", "deltalake", "kafka", "databricks"):
    sys.modules[name] = None  # whoever imports it fails
import flows.refine, flows.keep_streaming, flows.maintain, flows.dedupe, flows.scan_live, flows.generate
import headrace.engines.cluster, headrace.engines.emr
"""


def test_the_worker_needs_neither_spark_nor_what_computes_beside_it() -> None:
    ran = subprocess.run([sys.executable, "-c", WITHOUT_SPARK], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_the_worker_fetches_what_it_needs_and_little_else(tmp_path: Path) -> None:
    """As `prefect deploy` pushes it, for each run fetches it anew, file by file. What others write meanwhile where
    nothing is fetched from has a stand-in."""
    checkout, worker = made_in(tmp_path / "checkout"), tmp_path / "worker"
    for folder in NOT_FETCHED:
        (checkout / folder).mkdir(exist_ok=True)
        (checkout / folder / "file.py").touch()
    ignored = (checkout / ".prefectignore").read_text().splitlines()
    names = [each for each in filter_files(str(checkout), ignored) if (checkout / each).is_file()]
    assert {Path(each).parts[0] for each in names}.isdisjoint(NOT_FETCHED)
    for name in names:
        (worker / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(checkout / name, worker / name)
    program = f"import sys; sys.path.insert(0, '.'){WITHOUT_SPARK}{REST}"
    ran = subprocess.run([sys.executable, "-P", "-c", program], cwd=worker, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert len(names) < 140


NOT_FETCHED = (
    ".git", ".venv", ".checkov", ".headrace", ".mypy_cache", ".ruff_cache", ".pytest_cache", "tests", "docs",
)  # fmt: skip


REST = """
import flows.tell, headrace.progress, headrace.aws_errors
assert headrace.__path__[0].startswith(__import__("os").getcwd()), headrace.__path__
"""

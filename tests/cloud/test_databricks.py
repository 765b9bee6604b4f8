"""The engine on Databricks: the real SDK against a workspace on this machine. It was never run on Databricks."""

import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from headrace.engines import Job, on_cluster, package, submit, submit_all
from headrace.engines import cluster as clusters
from headrace.engines import databricks as engine
from headrace.engines.package import Package, stamp
from headrace.errors import HeadraceError, Transient, UsageError
from headrace.lake import objects
from headrace.settings import Settings, versions
from rehearsal.aws.server_process import REGION
from rehearsal.databricks import TOKEN, OneRun, Workspace, databricks
from tests.cloud.stubs import BARE

JOB = Job("refine", "toy", {"layers": ["silver"]})
PACKAGE = Package(
    "s3a://a/code/run.py", "s3a://a/code/code.zip", "s3a://a/code/needs.tar.gz", (), "databricks"
)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(clusters, "FIRST_LOOK", 0.01)
    stamp(PACKAGE)
    with databricks() as here:
        sign_in(monkeypatch, tmp_path, host=here.host)
        yield here


def sign_in(monkeypatch: pytest.MonkeyPatch, home: Path, *, host: str, token: str = TOKEN) -> None:
    """And no profile of whoever runs this is found."""
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(home / "nowhere.cfg"))
    monkeypatch.setenv("DATABRICKS_HOST", host)
    monkeypatch.setenv("DATABRICKS_TOKEN", token)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        engine="databricks", lake_url=str(tmp_path / "lake"), landing_url="s3://landing",
        artifacts_url=str(tmp_path / "artifacts"), databricks_cluster_id="0101-toy",
    )  # fmt: skip


def runs(run: OneRun) -> None:
    run.state, run.said = "RUNNING", "In run"


def succeeds(run: OneRun) -> None:
    done = [{"job": job, "seconds": 1.0, "summary": {"rows": 7}} for job in run.words["jobs"]]
    objects.put_json(run.words["result"], {"done": done})
    run.ends("SUCCESS")


def fails(run: OneRun) -> None:
    told = {"error": "silver.things: no such column", "exit_code": 2, "trace": "Traceback\n  line 3"}
    objects.put_json(run.words["result"], told)
    run.ends("RUN_EXECUTION_ERROR", "Task headrace failed")


def test_a_job_goes_as_a_run_and_its_result_comes_back(workspace: Workspace, settings: Settings) -> None:
    workspace.does(runs, succeeds)
    assert submit(JOB, settings).summary == {"rows": 7}
    told, (task,) = workspace.run.words, workspace.run.asked["tasks"]
    assert told["jobs"] == [{"name": "refine", "domain": "toy", "options": {"layers": ["silver"]}}]
    assert told["archives"] == ["s3a://a/code/code.zip", "s3a://a/code/needs.tar.gz"]
    assert told["settings"]["HEADRACE_SPARK"] == "databricks"
    assert "HEADRACE_ENGINE" not in told["settings"], "the job would hand itself over again"
    assert task["spark_python_task"]["python_file"] == "s3://a/code/run.py"
    assert task["existing_cluster_id"] == "0101-toy"
    assert "new_cluster" not in task


def test_jobs_that_follow_each_other_are_one_run(workspace: Workspace, settings: Settings) -> None:
    workspace.does(runs, succeeds)
    scan = Job("scan", "toy", {"layer": "silver"})
    assert [done.job for done in submit_all([JOB, scan], settings)] == [JOB, scan]
    assert workspace.run.asked["run_name"] == "refine toy layers=['silver'] + scan"


@pytest.mark.parametrize(("workers", "alone"), [(0, True), (3, False)])
def test_without_a_cluster_one_is_made_for_the_run(
    workspace: Workspace, settings: Settings, workers: int, alone: bool
) -> None:
    workspace.does(runs, succeeds)
    profile = "arn:aws:iam::1:instance-profile/toy"
    made = {
        "databricks_cluster_id": "",
        "databricks_workers": workers,
        "databricks_instance_profile_arn": profile,
    }
    submit(JOB, settings.model_copy(update=made))
    (task,) = workspace.run.asked["tasks"]
    cluster = task["new_cluster"]
    assert cluster["spark_version"] == versions()["databricks_runtime"]
    assert cluster["num_workers"] == workers
    assert cluster["data_security_mode"] == "SINGLE_USER"
    assert cluster["aws_attributes"] == {"instance_profile_arn": profile}
    assert ("spark_conf" in cluster) == alone


def test_a_cluster_that_is_starting_is_waited_for(workspace: Workspace, settings: Settings) -> None:
    def waits(run: OneRun) -> None:
        run.state, run.said = "PENDING", "Starting Spark"

    workspace.does(waits, waits, waits, runs, succeeds)
    assert submit(JOB, settings).summary == {"rows": 7}


def test_a_state_of_a_later_version_is_waited_through(workspace: Workspace, settings: Settings) -> None:
    def is_unheard_of(run: OneRun) -> None:
        run.state = "REFLECTING"

    workspace.does(runs, is_unheard_of, succeeds)
    assert submit(JOB, settings).summary == {"rows": 7}


def test_a_job_that_fails_says_why_with_its_own_exit_code(workspace: Workspace, settings: Settings) -> None:
    workspace.does(runs, fails)
    with pytest.raises(HeadraceError, match="no such column") as raised:
        submit(JOB, settings)
    assert raised.value.exit_code == 2
    assert "line 3" in str(raised.value)
    assert f"{workspace.host}/?o=1#job/1/run/{workspace.run.number}" in str(raised.value)


def test_of_one_that_died_without_a_word_the_end_of_its_output_is_told(
    workspace: Workspace, settings: Settings
) -> None:
    def dies(run: OneRun) -> None:
        run.logs = "\n".join([*(f"line {number}" for number in range(100)), "The driver ran out of memory"])
        run.ends("DRIVER_ERROR", "Could not reach driver")

    workspace.does(runs, dies)
    with pytest.raises(Transient, match="Could not reach driver") as raised:
        submit(JOB, settings)
    assert str(raised.value).endswith("The driver ran out of memory")
    assert "line 10\n" not in str(raised.value)


def test_what_no_second_try_mends_is_not_tried_again(workspace: Workspace, settings: Settings) -> None:
    workspace.does(lambda run: run.ends("INVALID_CLUSTER_REQUEST", "node type m9.huge is not supported"))
    with pytest.raises(HeadraceError, match=r"m9\.huge") as raised:
        submit(JOB, settings)
    assert not isinstance(raised.value, Transient)


def test_one_that_was_cancelled_elsewhere_is_no_success(workspace: Workspace, settings: Settings) -> None:
    workspace.does(runs, lambda run: run.ends("USER_CANCELED"))
    with pytest.raises(HeadraceError, match="was cancelled"):
        submit(JOB, settings)


def test_whoever_stops_waiting_takes_the_run_along(
    workspace: Workspace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_stopped(self: object, step: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(engine.Runs, "look", is_stopped)
    with pytest.raises(KeyboardInterrupt):
        submit(JOB, settings)
    assert workspace.run.code == "USER_CANCELED"


def test_the_standing_job_is_a_run_that_nobody_waits_for(workspace: Workspace, settings: Settings) -> None:
    clusters.start_standing("toy", settings)
    assert workspace.run.words["kind"] == "standing"
    assert workspace.run.state == "PENDING"


def test_a_standing_job_that_is_down_is_started_without_a_run_to_look(
    workspace: Workspace, settings: Settings
) -> None:
    keep = Job("keep", "toy")
    assert submit(keep, settings).summary["state"] == "started"
    assert submit(keep, settings).summary["state"] == "alive", "it is given time"
    assert [run.words["kind"] for run in workspace.runs.values()] == ["standing"]


def test_a_standing_job_whose_run_has_not_begun_is_waited_for_and_one_that_died_is_not(
    workspace: Workspace, settings: Settings
) -> None:
    keep, settings = Job("keep", "toy"), settings.model_copy(update={"heartbeat_seconds": 0})
    assert submit(keep, settings).summary["state"] == "started"
    first = workspace.run
    waits = submit(keep, settings).summary
    assert waits["state"] == "waiting"
    assert f"its step {first.number} (waiting" in waits["said"]
    first.ends("DRIVER_ERROR", "Could not reach driver")
    assert "(failed Could not reach driver) gave no sign" in submit(keep, settings).summary["said"]
    assert len(workspace.runs) == 2


def test_no_secret_is_in_what_is_sent(
    workspace: Workspace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "aws-key-of-a-rehearsal")
    workspace.does(runs, succeeds)
    submit(JOB, settings)
    clusters.start_standing("toy", settings)
    assert workspace.bodies
    assert not any(
        secret in body for body in workspace.bodies for secret in (TOKEN, "aws-key-of-a-rehearsal")
    )


def test_without_credentials_it_says_where_they_are_looked_for(
    workspace: Workspace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABRICKS_TOKEN")
    monkeypatch.setenv("PATH", "")  # nor does a command line of Databricks know any
    with pytest.raises(HeadraceError, match=r"no credentials.*DATABRICKS_TOKEN"):
        submit(JOB, settings)


def test_a_host_that_is_not_there_is_told_by_its_name(
    workspace: Workspace, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "PATIENCE", 1)
    sign_in(monkeypatch, tmp_path, host="http://127.0.0.1:9")
    with pytest.raises(ConnectionError, match="DATABRICKS_HOST"):
        submit(JOB, settings)


def test_credentials_of_another_workspace_are_told(
    workspace: Workspace, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(monkeypatch, tmp_path, host=workspace.host, token="of-another")
    with pytest.raises(HeadraceError, match="does not know these credentials") as raised:
        submit(JOB, settings)
    assert "of-another" not in str(raised.value)


DENIED = {"error_code": "PERMISSION_DENIED", "message": "no right to attach"}
SLOWER = {"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "rate limit"}
AWAY = {"error_code": "TEMPORARILY_UNAVAILABLE", "message": "under repair"}


def test_a_right_that_is_missing_is_told(workspace: Workspace, settings: Settings) -> None:
    workspace.refuses["/submit"] = 403, DENIED
    with pytest.raises(
        HeadraceError, match=r"HEADRACE_DATABRICKS_CLUSTER_ID.*lacks the right.*no right to attach"
    ):
        submit(JOB, settings)


@pytest.mark.parametrize(("code", "told"), [(429, SLOWER), (503, AWAY)])
def test_what_may_pass_is_asked_again_for_a_while_and_then_left_to_a_later_try(
    workspace: Workspace, settings: Settings, monkeypatch: pytest.MonkeyPatch, code: int, told: dict[str, str]
) -> None:
    monkeypatch.setattr(engine, "PATIENCE", 3)
    workspace.refuses["/submit"] = code, told
    with pytest.raises(Transient, match=told["message"]):
        submit(JOB, settings)
    assert len(workspace.bodies) > 1
    tokens = {json.loads(body)["idempotency_token"] for body in workspace.bodies}
    assert len(tokens) == 1, "a second run would be started"


def test_a_cluster_of_nobody_is_told_by_its_setting(workspace: Workspace, settings: Settings) -> None:
    with pytest.raises(HeadraceError, match=r"0101-gone.*HEADRACE_DATABRICKS_CLUSTER_ID.*is not there"):
        submit(JOB, settings.model_copy(update={"databricks_cluster_id": "0101-gone"}))


def test_without_its_settings_the_engine_says_which(workspace: Workspace, settings: Settings) -> None:
    with pytest.raises(UsageError, match="the engine databricks needs HEADRACE_LAKE_URL"):
        submit(JOB, settings.model_copy(update={"lake_url": ""}))


def test_code_that_was_packed_for_another_engine_is_not_sent(
    workspace: Workspace, settings: Settings
) -> None:
    stamp(Package("run.py", "code.zip", "needs.tar.gz", ()))
    with pytest.raises(UsageError, match="packed for clusters of emr"):
        submit(JOB, settings)


def test_for_databricks_no_jars_are_packed_and_no_client_of_it() -> None:
    assert package._jars("databricks") == []
    assert "databricks-sdk" not in package._asked_for()


@dataclass
class Context:
    """What Spark is told of files that Python beside its executors needs."""

    master: str
    _python_includes: list[str] = field(default_factory=list)
    archives: list[str] = field(default_factory=list)

    def addArchive(self, path: str) -> None:  # noqa: N802 - Spark's name
        self.archives.append(path)


@pytest.mark.parametrize(
    ("master", "archives", "found_in"),
    [("local[*]", [], "/here/needs-1"), ("spark://other:7077", ["/v/needs-1.tar.gz#needs-1"], "needs-1")],
)
def test_python_beside_the_executors_finds_the_packages_too(
    monkeypatch: pytest.MonkeyPatch, master: str, archives: list[str], found_in: str
) -> None:
    context = Context(master)
    monkeypatch.setattr("pyspark.SparkContext.getOrCreate", lambda: context)
    on_cluster._share([Path("/v/needs-1.tar.gz")], [Path("/here/needs-1")])
    assert (context.archives, context._python_includes) == (archives, [found_in])


def test_archives_in_s3_are_fetched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "17.3")
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(Bucket="code", Key="code/needs-1.zip", Body=b"packed")
        fetched = on_cluster._fetched("s3a://code/code/needs-1.zip")
        s3.delete_object(Bucket="code", Key="code/needs-1.zip")
        assert on_cluster._fetched("s3a://code/code/needs-1.zip") == fetched
    assert fetched.read_bytes() == b"packed"


STUBS = {
    **BARE,
    "headrace/settings.py": "import os\ndef get_settings(): return os.environ['HEADRACE_TOY']",
    "headrace/engines/local.py": """
import dependency
STANDING = "streaming.stand"
class Done:
    def __init__(self, told): self.told = told
    def as_dict(self): return self.told
def run_job(job, settings): return Done({"did": job.name, "with": settings, "and": dependency.__file__})
""",
    "headrace/lake/objects.py": """
import json, pathlib
def put_json(url, value): pathlib.Path(url).write_text(json.dumps(value))
""",
}


def zipped(into: Path, files: dict[str, str]) -> str:
    with zipfile.ZipFile(into, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return str(into)


def run_bare(here: Path, *words: dict[str, Any]) -> "subprocess.CompletedProcess[str]":
    """As on a cluster: the entry by itself, nothing of ours installed, and a folder for what is unpacked."""
    entry = here / "run.py"
    entry.write_text(package.ENTRY.read_text())
    return subprocess.run(
        [sys.executable, "-S", str(entry), *map(json.dumps, words)],
        cwd=here, env={"TMPDIR": str(here)}, capture_output=True, text=True,
    )  # fmt: skip


def test_the_entry_by_itself_unpacks_its_archives_once_and_does_the_job(tmp_path: Path) -> None:
    archives = [
        zipped(tmp_path / "code-1.zip", STUBS),
        zipped(tmp_path / "needs-1.zip", {"dependency.py": ""}),
    ]
    result = tmp_path / "result.json"
    asked = {
        "kind": "jobs",
        "jobs": [{"name": "toil"}],
        "settings": {"HEADRACE_TOY": "ours"},
        "result": str(result),
    }
    ran = run_bare(tmp_path, asked, {"archives": archives})
    assert ran.returncode == 0, ran.stderr
    (done,) = json.loads(result.read_text())["done"]
    assert (done["did"], done["with"]) == ("toil", "ours")
    unpacked = Path(done["and"]).parent
    assert unpacked.name == "needs-1"
    for archive in archives:
        Path(archive).unlink()
    assert run_bare(tmp_path, asked, {"archives": archives}).returncode == 0, "it was unpacked a second time"
    assert sorted(each.name for each in unpacked.parent.iterdir()) == ["code-1", "needs-1"]

"""A job on the cluster that stands in for EMR: real spark-submit, the packed code, S3 for all it reads and writes."""

from collections.abc import Iterator

import boto3
import pytest

from headrace.engines import submit
from headrace.engines.job import Job
from headrace.engines.package import stamp
from headrace.engines.packing import packed
from headrace.errors import HeadraceError
from headrace.lake import objects
from headrace.settings import Settings
from rehearsal.aws.running import REGION, aws

BUCKETS = ("landing", "lake", "artifacts", "logs")
FEW = {"tables": ["crude_types"]}


@pytest.fixture(scope="module")
def emr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    there = tmp_path_factory.mktemp("emr")
    with pytest.MonkeyPatch.context() as patch, aws(there / "aws.log", steps=there / "steps") as running:
        for name, value in running.environment.items():
            patch.setenv(name, value)
        patch.chdir(there)
        objects._s3.cache_clear()
        for name in BUCKETS:
            where = {"LocationConstraint": REGION}
            boto3.client("s3").create_bucket(Bucket=f"test-{name}", CreateBucketConfiguration=where)
        made = boto3.client("emr").run_job_flow(
            Name="test", ReleaseLabel="emr-spark-8.0.0", LogUri="s3://test-logs/emr/",
            Instances={"KeepJobFlowAliveWhenNoSteps": True},
        )  # fmt: skip
        urls = {f"{name}_url": f"s3://test-{name}" for name in BUCKETS}
        settings = Settings(
            engine="emr",
            emr_id=made["JobFlowId"],
            truth_url="s3://test-landing/truth",
            **urls,
            _env_file=None,
        )
        stamp(packed(settings))
        yield settings
    objects._s3.cache_clear()


def test_what_is_landed_by_one_step_is_refined_by_the_next(emr: Settings) -> None:
    landed = submit(Job("generate", "refinery", {"scale": 0.001, **FEW}), emr).summary
    assert landed["rows"] > 0
    done = submit(Job("refine", "refinery", {"layers": ["bronze", "silver"], **FEW}), emr).summary
    rows = {each["layer"]: each["rows_in"] for each in done["tables"] if each["table"] == "crude_types"}
    assert rows["silver"] > 0
    assert objects.list_under(f"{emr.lake}/refinery/silver/crude_types/_delta_log") != []


def test_one_that_fails_says_why(emr: Settings) -> None:
    with pytest.raises(HeadraceError, match="no domain named 'nowhere'"):
        submit(Job("refine", "nowhere"), emr)

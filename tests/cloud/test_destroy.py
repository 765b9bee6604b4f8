"""Whoever destroys prod loses its compute and none of its data."""

import json
from pathlib import Path

import boto3
import pytest

from headrace.errors import HeadraceError
from rehearsal.aws.server_process import REGION
from rehearsal.terraform import Terraform

pytestmark = pytest.mark.usefixtures("cloud")

KEY = "module.headrace.module.lake.aws_kms_key.this[0]"
KEPT = "module.headrace.terraform_data.holds_data"
GIVEN = {
    "prefect_api_url": "https://api.prefect.cloud/api/accounts/a/workspaces/b",
    "prefect_api_key": "pnu_test",
    "emails": '["operations@example.com"]',
    "most_volume_gb": "3300",  # moto knows no disks that grow
}
ENCRYPTED = 'module.headrace.module.lake.module.bucket["lake"].aws_s3_bucket_server_side_encryption_configuration.this'
WHAT_COUNTS = {
    "data": (KEPT, "module.headrace.aws_ssm_parameter.handover", ENCRYPTED),
    "compute": ("module.headrace.module.access", "module.headrace.module.cluster_network"),
}
"""Targets: of the data all but rules of buckets, for which the provider waits a minute; of compute what leans on the
data. The rehearsal makes and destroys all of dev."""
WORDS = ("-auto-approve", "-input=false", "-parallelism=30")


def test_prod_destroyed_is_a_lake_that_can_be_read(
    infra: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in GIVEN.items():
        monkeypatch.setenv(f"TF_VAR_{name}", value)
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="test-state", CreateBucketConfiguration={"LocationConstraint": REGION})
    data, compute = (Terraform(infra / "envs/prod" / root, tmp_path / root) for root in ("data", "compute"))
    for root in (data, compute):
        root.init("-backend-config=bucket=test-state", f"-backend-config=region={REGION}")
        root.run("apply", *WORDS, *(f"-target={each}" for each in WHAT_COUNTS[root.folder.name]))
    told = boto3.client("ssm").get_parameter(Name="/headrace-prod/data")["Parameter"]["Value"]
    handover = json.loads(told)
    place = {"Bucket": handover["buckets"]["lake"], "Key": "refinery/gold/one"}
    s3.put_object(**place, Body=b"a row")

    def reads_the_lake() -> bool:
        key = boto3.client("kms").describe_key(KeyId=handover["key_arn"])["KeyMetadata"]
        return bool(key["KeyState"] == "Enabled" and s3.get_object(**place)["Body"].read() == b"a row")

    compute.run("destroy", *WORDS, "-refresh=false")
    for words in (["destroy", *WORDS], ["plan", f"-replace={KEY}"]):
        with pytest.raises(
            HeadraceError, match=r'holds_data\["[\w ]+"\] has\s+lifecycle.prevent_destroy set'
        ):
            data.run(*words, "-refresh=false")
    assert reads_the_lake()

    # Also for somebody who takes that away on purpose, the key is the last to go.
    data.run("state", "rm", KEPT)
    with pytest.raises(HeadraceError, match="BucketNotEmpty"):
        data.run("destroy", *WORDS, "-refresh=false")
    assert reads_the_lake()

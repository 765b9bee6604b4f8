"""What moto lacks and rehearsal/aws adds, where nothing else would notice."""

from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ClientError

from headrace.lake import objects
from rehearsal.aws.server_process import REGION

pytestmark = pytest.mark.usefixtures("cloud")


def test_of_many_that_want_to_be_the_first_one_is() -> None:
    where = {"LocationConstraint": REGION}
    boto3.client("s3").create_bucket(Bucket="test-leases", CreateBucketConfiguration=where)
    for number in range(20):
        url = f"s3a://test-leases/{number}"
        with ThreadPoolExecutor(8) as pool:
            won = list(pool.map(lambda who, url=url: objects.put_new(url, str(who).encode()), range(8)))
        assert won.count(True) == 1
        assert objects.get(url) == str(won.index(True)).encode()


def test_a_folder_that_was_moved_away_is_gone_also_where_versions_are_kept() -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="test-lake", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket="test-lake", VersioningConfiguration={"Status": "Enabled"})
    for key in ("a/x/", "a/x/one", "a/x/_temporary/0/"):
        s3.put_object(Bucket="test-lake", Key=key)
    for url in objects.list_under("s3a://test-lake/a/x"):
        objects.move(url, url.replace("/a/x", "/b/x"))
    as_spark_asks = s3.list_objects_v2(Bucket="test-lake", Prefix="a/x/", Delimiter="/", MaxKeys=2)
    assert as_spark_asks["KeyCount"] == 0
    listed = s3.list_objects_v2(Bucket="test-lake", Prefix="b/x/", Delimiter="/")
    assert [each["Prefix"] for each in listed["CommonPrefixes"]] == ["b/x/_temporary/"]


def test_what_is_asked_again_since_its_answer_was_lost_is_answered_as_before() -> None:
    """As an SDK does it: the same call once more, under the same id."""
    ec2 = boto3.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="asked-twice", Description="a test", VpcId=vpc)["GroupId"]
    within = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.9.0.0/16"}]}

    def asked(call: str) -> str:
        def named(request: AWSPreparedRequest, **_: object) -> None:
            request.headers["amz-sdk-invocation-id"] = call

        ec2.meta.events.register("before-send.ec2", named)
        try:
            made = ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[within])
        finally:
            ec2.meta.events.unregister("before-send.ec2", named)
        return str(made["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    assert asked("one") == asked("one")
    with pytest.raises(ClientError, match="Duplicate"):
        asked("another")

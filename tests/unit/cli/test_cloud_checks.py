"""What the doctor says of an AWS account, asked of moto, and of stubs where moto does not answer."""

import json
import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws
from typer.testing import CliRunner

from cli import cloud_checks
from cli.cloud_checks import examine_cloud, linked_roles_of, quotas_of
from cli.health_checks import Finding
from cli.main import app
from headrace.cost.rates import environment
from headrace.settings import Settings

REGION = "eu-west-1"
DATABASE = "dev_refinery_gold"
DEV = environment("dev")
Answers = Callable[[dict[str, float | None]], None]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        yield


@pytest.fixture
def settings() -> Settings:
    return Settings(database_prefix="dev_")


@pytest.fixture
def quotas(account: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Answers]:
    """The quotas of the account by code; of None it has none of its own, and AWS's default is 100."""
    stubbers: list[Stubber] = []
    real = boto3.client

    def answers(values: dict[str, float | None]) -> None:
        client = real("service-quotas")
        stubber = Stubber(client)
        for quota in quotas_of(DEV):
            which = {"ServiceCode": quota.service, "QuotaCode": quota.code}
            value = values.get(quota.code, 100.0)
            if value is not None:
                stubber.add_response("get_service_quota", {"Quota": {"Value": value}}, which)
            else:
                stubber.add_client_error(
                    "get_service_quota", "NoSuchResourceException", expected_params=which
                )
                default = {"Quota": {"Value": 100.0}}
                stubber.add_response("get_aws_default_service_quota", default, which)
        stubber.activate()
        stubbers.append(stubber)
        monkeypatch.setattr(
            cloud_checks.boto3,
            "client",
            lambda name, **how: client if name == "service-quotas" else real(name, **how),
        )

    answers({})
    yield answers
    stubbers[-1].assert_no_pending_responses()


def found(settings: Settings) -> dict[str, Finding]:
    return {each.what: each for each in examine_cloud(settings, DEV)}


def test_a_quota_below_what_the_environment_asks_for_is_named_with_the_command_that_raises_it(
    settings: Settings, quotas: Answers
) -> None:
    quotas({"L-1216C47A": 5.0, "L-EDD31C36": None})
    said = found(settings)
    low = said["EC2 on demand, standard types, vCPU"]
    assert low.state == "problem"
    assert low.found == "5; dev asks for 8 (L-1216C47A)"
    assert low.remedy.endswith("--service-code ec2 --quota-code L-1216C47A --desired-value 8")
    assert said["MSK, brokers of the account"].found == "100; dev asks for 2"
    assert said["MSK, brokers of the account"].state == "ok"
    assert said["Fargate on demand, vCPU"].state == "ok"


def test_serverless_draws_on_other_quotas() -> None:
    codes = {each.code for each in quotas_of(DEV.serverless(["compute", "stream"]))}
    assert codes == {"L-D05C8A75", "L-3032A538", "L-F678F1CE"}


def test_roles_are_asked_for_where_they_are_needed() -> None:
    serverless, grows = (
        "AWSServiceRoleForAmazonEMRServerless",
        "AWSServiceRoleForApplicationAutoScaling_KafkaCluster",
    )
    dev, prod = linked_roles_of(DEV), linked_roles_of(environment("prod"))
    assert dev[serverless] == "ops.emr-serverless.amazonaws.com"
    assert grows not in dev, "the disks of its brokers stay as they are"
    assert prod[grows] == "kafka.application-autoscaling.amazonaws.com"
    assert serverless not in linked_roles_of(replace(DEV, workers=0))


def test_a_network_and_the_address_of_its_gateway_are_asked_for() -> None:
    needed = {each.code: each.needed for each in quotas_of(DEV)}
    assert (needed["L-F678F1CE"], needed["L-0263D0A3"]) == (1, 1)


def test_a_right_that_is_missing_is_said_and_the_rest_is_asked(
    settings: Settings, quotas: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    iam = boto3.client("iam")
    with Stubber(iam) as refuses:
        for _ in linked_roles_of(DEV):
            refuses.add_client_error("get_role", "AccessDenied", "not authorized to perform iam:GetRole")
        asked = cloud_checks.boto3.client
        monkeypatch.setattr(
            cloud_checks.boto3, "client", lambda name, **how: iam if name == "iam" else asked(name, **how)
        )
        said = found(settings)
    assert said["AWSServiceRoleForECS"].state == "warning"
    assert "lacks the right GetRole" in said["AWSServiceRoleForECS"].found
    assert said["Lake Formation's defaults"].found


def test_linked_roles_that_are_missing_are_named_with_the_command_that_makes_them(
    settings: Settings, quotas: Answers
) -> None:
    boto3.client("iam").create_role(RoleName="AWSServiceRoleForECS", AssumeRolePolicyDocument="{}")
    said = found(settings)
    assert said["AWSServiceRoleForECS"].state == "ok"
    assert said["AWSServiceRoleForKafka"].state == "warning"
    assert said["AWSServiceRoleForKafka"].remedy == (
        "aws iam create-service-linked-role --aws-service-name kafka.amazonaws.com"
    )


EVERYBODY = {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}


def defaults(*kinds: str) -> dict[str, Any]:
    open_to_all = [{"Principal": EVERYBODY, "Permissions": ["ALL"]}]
    return {f"Create{kind}DefaultPermissions": open_to_all for kind in kinds}


@pytest.mark.parametrize(
    ("given", "state", "words"),
    [
        (defaults("Database", "Table"), "ok", "IAM's business"),
        (defaults("Database"), "warning", "new tables are closed"),
        ({}, "warning", "new databases and tables are closed"),
    ],
)
def test_defaults_that_drop_access_by_iam_are_warned_of(
    given: dict[str, Any], state: str, words: str, settings: Settings, quotas: Answers
) -> None:
    boto3.client("lakeformation").put_data_lake_settings(DataLakeSettings=given)
    said = found(settings)["Lake Formation's defaults"]
    assert (said.state, words in said.found) == (state, True)


def test_the_grants_that_are_named_open_a_closed_database(settings: Settings, quotas: Answers) -> None:
    boto3.client("glue").create_database(DatabaseInput={"Name": DATABASE})
    closed = found(settings)[f"database {DATABASE}"]
    assert closed.state == "problem"
    assert "closes it and its tables" in closed.found
    for command in closed.remedy.split(" && "):
        words = shlex.split(command)
        given = dict(zip(words[3::2], words[4::2], strict=True))
        name, _, value = given["--principal"].partition("=")
        boto3.client("lakeformation").grant_permissions(
            Principal={name: value},
            Permissions=[given["--permissions"]],
            Resource=json.loads(given["--resource"]),
        )
    quotas({})
    assert found(settings)[f"database {DATABASE}"].state == "ok"


def test_a_database_whose_new_tables_are_open_needs_no_grant_for_them(
    settings: Settings, quotas: Answers
) -> None:
    table_defaults = defaults("Table")["CreateTableDefaultPermissions"]
    boto3.client("glue").create_database(
        DatabaseInput={"Name": DATABASE, "CreateTableDefaultPermissions": table_defaults}
    )
    said = found(settings)[f"database {DATABASE}"]
    assert "closes it to whom" in said.found
    assert "TableWildcard" not in said.remedy


def test_without_a_region_that_is_all_that_is_said(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    said = CliRunner().invoke(app, ["doctor", "--cloud", "--json"])
    assert said.exit_code == 1
    assert [each["what"] for each in json.loads(said.stdout)] == ["Prefect's plan", "AWS region"]


def test_without_credentials_the_next_step_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    _, only = examine_cloud(settings, DEV)
    assert (only.what, only.state) == ("AWS credentials", "problem")
    assert "there are no AWS credentials" in only.found
    assert "AWS_PROFILE" in only.remedy

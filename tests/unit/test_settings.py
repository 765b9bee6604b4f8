"""What settings refuse, and the one that is told to nobody."""

import boto3
import pytest
from moto import mock_aws
from pydantic import SecretStr, ValidationError

from headrace.errors import HeadraceError, UsageError, without_passwords
from headrace.settings import Settings, as_environment
from headrace.sources.broker import client_options
from headrace.sources.topic import connection

GIVEN = Settings(
    kafka_bootstrap="plant.servicebus.windows.net:9093",
    kafka_security="password",
    kafka_password=SecretStr('Endpoint=sb://plant/;SharedAccessKey=a"b\\c='),
)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:secret@host/db", "postgresql://ann:se/cret@host/db", "postgresql://ann@host/db?password=secret",
        "mssql+pyodbc:///?odbc_connect=PWD%3Dsecret",
    ],
)  # fmt: skip
def test_a_url_of_a_database_holds_no_password(url: str) -> None:
    with pytest.raises(ValidationError, match="holds a password"):
        Settings(serve_url=url)
    assert "cret" not in without_passwords(f"headrace serve --to {url} --json")
    assert (
        without_passwords("postgresql://ann@host:5432/db?passfile=/a")
        == "postgresql://ann@host:5432/db?passfile=/a"
    )


def test_a_place_that_is_no_folder_and_no_bucket_is_refused() -> None:
    with pytest.raises(UsageError, match=r"abfss://landing@plant.* in a folder or in s3://bucket"):
        _ = Settings(landing_url="abfss://landing@plant.dfs.core.windows.net/grid").landing
    assert Settings(landing_url="s3://plant/grid/").landing == "s3a://plant/grid"


def test_event_hubs_are_spoken_to_with_a_password_that_no_other_process_is_told() -> None:
    asked = client_options(GIVEN)
    assert (asked["security_protocol"], asked["sasl_mechanism"]) == ("SASL_SSL", "PLAIN")
    assert asked["sasl_plain_username"] == "$ConnectionString"
    assert asked["sasl_plain_password"].startswith("Endpoint=sb://plant/;")
    of_spark = connection(GIVEN)
    assert of_spark["kafka.security.protocol"] == "SASL_SSL"
    assert of_spark["kafka.sasl.jaas.config"] == (
        "org.apache.kafka.common.security.plain.PlainLoginModule required "
        'username="$ConnectionString" password="Endpoint=sb://plant/;SharedAccessKey=a\\"b\\\\c=";'
    )
    assert set(as_environment(GIVEN)) == {"HEADRACE_KAFKA_BOOTSTRAP", "HEADRACE_KAFKA_SECURITY"}
    assert "SharedAccessKey" not in f"{GIVEN!r} {GIVEN}"


def test_a_password_is_read_from_secrets_manager_where_none_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    elsewhere = GIVEN.model_copy(
        update={"kafka_password": SecretStr(""), "kafka_password_secret": "plant-hub"}
    )
    with mock_aws():
        with pytest.raises(HeadraceError, match="secret plant-hub"):
            client_options(elsewhere)
        boto3.client("secretsmanager").create_secret(Name="plant-hub", SecretString="Endpoint=sb://hub/\n")
        assert client_options(elsewhere)["sasl_plain_password"] == "Endpoint=sb://hub/"
    assert as_environment(elsewhere)["HEADRACE_KAFKA_PASSWORD_SECRET"] == "plant-hub"

"""What delta-rs says where it has no credentials, looks in the wrong region or finds nobody, in its words of today."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from deltalake import DeltaTable

from headrace.errors import HeadraceError, Transient, cause_to_act_on, may_pass
from headrace.lake.delta_rs import is_table
from headrace.serve.query import Moment, Name, open_table
from headrace.settings import Settings

PLACE = "s3://test-lake/pumps/silver/strokes"
QUICK = {"max_retries": "0", "retry_timeout": "1s"}
NOBODY = "http://127.0.0.1:9"
KMS_OFF = "<Error><Code>KMS.DisabledException</Code><Message>key/1 is disabled.</Message></Error>"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    told = {
        "AWS_CONFIG_FILE": "/nowhere",
        "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": "eu-west-1",
        "AWS_ALLOW_HTTP": "true",
        "NO_PROXY": "127.0.0.1",
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")


class _Answers(BaseHTTPRequestHandler):
    status, body = 301, ""

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("content-length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def s3(keys: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
        yield
        server.shutdown()


def told_of(error: BaseException) -> HeadraceError:
    found = cause_to_act_on(error)
    assert found is not None, f"nobody can act on this: {error!r}"
    assert may_pass(error) == isinstance(found, Transient)
    assert "\x1b" not in str(found)
    return found


def answered() -> HeadraceError:
    with pytest.raises(OSError) as raised:  # noqa: PT011 - delta-rs has no narrower one
        DeltaTable(PLACE, storage_options=QUICK)
    return told_of(raised.value)


def test_without_credentials_the_table_and_the_remedy_are_named() -> None:
    settings, name = Settings(lake_url="s3://test-lake"), Name("pumps", "silver", "strokes")
    for ask in (lambda: is_table(PLACE), lambda: open_table(name, Moment(), settings)):
        with pytest.raises(OSError, match="Operation not supported") as raised:
            ask()
        said = str(told_of(raised.value))
        assert said.startswith(f"{PLACE}: there are no AWS credentials.")


def test_where_whoever_gives_credentials_is_out_of_reach_it_may_pass(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = tmp_path / "token"
    token.write_text("t")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/r")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", NOBODY)
    said = answered()
    assert isinstance(said, Transient)
    assert "AWS does not answer (Connection refused" in str(said)


def test_a_redirect_is_told_as_the_wrong_region(s3: None) -> None:
    said = answered()
    assert not isinstance(said, Transient)
    assert str(said).endswith("is in another region than AWS_REGION (for boto3 AWS_DEFAULT_REGION) names")
    assert "test-lake/pumps/silver/strokes" in str(said)


def test_a_key_that_is_disabled_is_told_as_that(s3: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Answers, "status", 400)
    monkeypatch.setattr(_Answers, "body", KMS_OFF)
    assert "the KMS key it is encrypted with cannot be used (key/1 is disabled.)" in str(answered())


def test_a_connection_that_nobody_takes_may_pass(keys: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", NOBODY)
    said = answered()
    assert isinstance(said, Transient)
    assert "AWS does not answer (Connection refused (os error 111)). Is AWS_REGION" in str(said)


SDK = "software.amazon.awssdk.core.exception.SdkClientException"
S3A = {
    f"java.net.UnknownHostException: getFileStatus on s3a://b/t: {SDK}: Received an UnknownHostException when "
    "attempting to interact with a service.": (Transient, "s3a://b/t: AWS does not answer (Received an Unknown"),
    "while reading s3a://b/t\nCaused by: java.net.UnknownHostException: b.s3.eu-nowhere-7.amazonaws.com": (
        Transient,
        "s3a://b/t: AWS does not answer (UnknownHostException: b.s3.eu-nowhere-7",
    ),
    f"AWSClientIOException: getFileStatus on s3a://b/t: {SDK}: Unable to execute HTTP request: Connection reset": (
        Transient,
        "s3a://b/t: AWS does not answer (Unable to execute HTTP request: Connection reset)",
    ),
    "AWSRedirectException: getFileStatus on s3a://b/t: S3Exception: null (Service: S3, Status Code: 301, Request": (
        HeadraceError,
        "s3a://b/t is in another region",
    ),
    "AWSBadRequestException: open s3a://b/t: S3Exception: key/1 is disabled. (Service: S3, Status Code: 400, "
    "Request ID: 1):KMS.DisabledException: key/1": (HeadraceError, "s3a://b/t: the KMS key"),
}  # fmt: skip


@pytest.mark.parametrize("text", S3A)
def test_what_spark_says_is_told_alike(text: str) -> None:
    kind, words = S3A[text]
    said = told_of(RuntimeError(text))
    assert type(said) is kind
    assert words in str(said)


@pytest.mark.parametrize(
    "text",
    [
        "while writing s3a://b/t\nCaused by: java.net.UnknownHostException: b-1.x.kafka.eu-west-1.amazonaws.com",
        "Unable to execute HTTP request: Connection reset",
        "error sending request for url (https://elsewhere)",
        "Operation not supported",
        "s3://b/t: invalid table version",
    ],
)
def test_what_is_not_of_s3_is_left_alone(text: str) -> None:
    assert cause_to_act_on(RuntimeError(text)) is None
    assert not may_pass(RuntimeError(text))


def test_a_plan_that_waits_for_itself_may_pass() -> None:
    assert may_pass(RuntimeError("SparkException: Could not execute broadcast in 300 secs. You can increase"))
    assert not may_pass(RuntimeError("SparkException: Job aborted due to stage failure"))

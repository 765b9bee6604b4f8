"""What S3 says no to, told by the three clients that ask it: boto3, delta-rs and Spark's S3A. Nothing is half done."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from headrace.errors import HeadraceError, Transient, cause_to_act_on, may_pass
from headrace.lake import objects
from headrace.lake.jars import TO_S3, resolved

PLACE = "s3a://test-lake/pumps/silver/strokes"
ANSWERS = {
    "ExpiredToken": (400, "have expired; sign in again"),
    "InvalidAccessKeyId": (403, "does not know these credentials"),
    "AccessDenied": (403, "lacks the right"),
    "NoSuchBucket": (404, "is not there"),
    "AuthorizationHeaderMalformed": (400, "another region"),
    "KMS.DisabledException": (400, "the KMS key it is encrypted with cannot be used"),
    "SlowDown": (503, "fewer requests at a time"),
}


class _SaysNo(BaseHTTPRequestHandler):
    code = ""

    def _no(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        body = f"<?xml version='1.0'?><Error><Code>{self.code}</Code><Message>no</Message></Error>".encode()
        self.send_response(ANSWERS[self.code][0])
        self.send_header("content-type", "application/xml")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _no  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _SaysNo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def environment(s3: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    told = {
        "AWS_ENDPOINT_URL": s3,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_MAX_ATTEMPTS": "2",
        "NO_PROXY": "127.0.0.1",
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    objects._s3.cache_clear()
    yield
    objects._s3.cache_clear()


def told_of(error: BaseException) -> HeadraceError:
    found = cause_to_act_on(error)
    assert found is not None, f"nobody can act on this: {error!r}"
    return found


@pytest.mark.parametrize("code", ANSWERS)
def test_by_boto3(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_SaysNo, "code", code)
    with pytest.raises(Exception) as raised:  # noqa: PT011 - whichever boto3 has
        objects.put(f"{PLACE}.json", b"{}")
    told = told_of(raised.value)
    assert ANSWERS[code][1] in str(told)
    assert f"{PLACE}.json" in str(told)
    assert may_pass(told) == (code == "SlowDown")


@pytest.mark.parametrize("code", ANSWERS)
def test_by_delta_rs(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_SaysNo, "code", code)
    rows = pa.table({"stroke_id": ["S1"]})
    quick = {"max_retries": "1", "retry_timeout": "2s"}
    with pytest.raises(Exception) as raised:  # noqa: PT011 - whichever delta-rs has
        write_deltalake(PLACE.replace("s3a", "s3"), rows, storage_options=quick)
    assert ANSWERS[code][1] in str(told_of(raised.value))


IN_SPARK = """
import json, sys, urllib.request
from pathlib import Path
from headrace.errors import cause_to_act_on
from headrace.lake.session import get_spark
from headrace.settings import Settings

spark = get_spark(Settings(lake_url="s3://test-lake", home=Path(sys.argv[1]), memory="1g"))
hadoop = spark.sparkContext._jsc.hadoopConfiguration()
for name in ("fs.s3a.attempts.maximum", "fs.s3a.retry.limit", "fs.s3a.retry.throttle.limit"):
    hadoop.set(name, "1")
hadoop.set("fs.s3a.impl.disable.cache", "true")
for line in sys.stdin:
    try:
        spark.range(1).write.format("delta").save(line.strip())
    except Exception as error:
        found = cause_to_act_on(error)
        print("told: " + json.dumps([type(found).__name__, str(found)]), flush=True)
    else:
        print("told: " + json.dumps(["", "it wrote"]), flush=True)
"""


def test_by_spark(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as unhindered:
        unhindered.delenv("AWS_ENDPOINT_URL")
        resolved(TO_S3)
    process = subprocess.Popen(
        [sys.executable, "-c", IN_SPARK, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=dict(os.environ),
    )
    assert process.stdin
    assert process.stdout
    try:
        for code, (_, words) in ANSWERS.items():
            monkeypatch.setattr(_SaysNo, "code", code)
            process.stdin.write(f"{PLACE}_{code}\n")
            process.stdin.flush()
            said = next(line for line in process.stdout if line.startswith("told: "))
            kind, text = json.loads(said.removeprefix("told: "))
            assert words in text, f"{code}: {text}"
            assert (kind == Transient.__name__) == (code == "SlowDown")
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def test_a_table_that_could_not_be_written_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_SaysNo, "code", "NoSuchBucket")
    with pytest.raises(Exception) as raised:  # noqa: PT011 - whichever delta-rs has
        DeltaTable(PLACE.replace("s3a", "s3"))
    assert "is not there" in str(told_of(raised.value))

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from headrace.lake import objects


@pytest.fixture(params=["disk", "bucket"])
def url(request: pytest.FixtureRequest) -> str:
    folder = request.getfixturevalue("tmp_path" if request.param == "disk" else "bucket")
    return f"{folder}/one.json"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="lake")
        forget_client = objects._s3.cache_clear
        forget_client()
        yield "s3a://lake"
    forget_client()


def test_what_is_new_is_put_once(url: str) -> None:
    assert [objects.put_new(url, b"a"), objects.put_new(url, b"b")] == [True, False]
    assert objects.get(url) == b"a"


def test_a_swap_succeeds_only_where_the_old_body_still_is(url: str) -> None:
    objects.put(url, b"a")
    assert [objects.swap(url, b"a", b"b"), objects.swap(url, b"a", b"c")] == [True, False]
    assert objects.get(url) == b"b"


def test_what_is_gone_is_not_swapped(url: str) -> None:
    objects.put(url, b"a")
    objects.delete(url)
    assert not objects.swap(url, b"a", b"b")
    assert objects.get(url) is None


def test_an_object_is_removed_only_where_the_old_body_still_is(url: str) -> None:
    objects.put(url, b"a")
    assert [objects.delete_if(url, b"b"), objects.delete_if(url, b"a")] == [False, True]
    assert objects.get(url) is None
    assert not objects.delete_if(url, b"a")


def test_an_object_tells_how_long_it_has_lain_there(url: str) -> None:
    objects.put(url, b"a")
    found = objects.look_at(url)
    assert found is not None
    assert found.body == b"a"
    assert -2 < found.age < 30
    assert objects.look_at(f"{url}.not") is None


def test_an_object_that_was_moved_is_in_one_place_and_can_be_read_there_and_back(url: str) -> None:
    objects.put(url, b"abc")
    there = url.replace("one.json", "done/two.json")
    objects.move(url, there)
    assert objects.get(url) is None
    assert [found.url for found in objects.look_under(url.rpartition("/")[0])] == [there]
    with objects.opened(there) as body:
        assert body.read(1) == b"a"
        body.seek(0)
        assert body.read() == b"abc"


class Unlucky:
    """boto3's client where something goes wrong with the first request that puts an object."""

    def __init__(self, trouble: str) -> None:
        self._client, self._trouble = boto3.client("s3"), trouble

    def put_object(self, **asked: Any) -> Any:
        trouble, self._trouble = self._trouble, ""
        if trouble == "conflict":
            said = {"Error": {"Code": "ConditionalRequestConflict", "Message": "retry"}}
            raise ClientError(said, "PutObject")
        if trouble == "answer lost":  # boto3 asks once more
            self._client.put_object(**asked)
        return self._client.put_object(**asked)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


@pytest.fixture(params=["answer lost", "conflict"])
def unlucky(request: pytest.FixtureRequest, bucket: str, monkeypatch: pytest.MonkeyPatch) -> str:
    client = Unlucky(request.param)
    monkeypatch.setattr(objects, "_s3", lambda: client)
    return f"{bucket}/one.json"


def test_a_new_object_is_ones_own_though_its_answer_was_lost(unlucky: str) -> None:
    assert objects.put_new(unlucky, b"a")
    assert not objects.put_new(unlucky, b"b")
    assert objects.get(unlucky) == b"a"


def test_a_swap_succeeds_though_its_answer_was_lost(bucket: str, unlucky: str) -> None:
    boto3.client("s3").put_object(Bucket="lake", Key="one.json", Body=b"a")
    assert objects.swap(unlucky, b"a", b"b")
    assert objects.get(unlucky) == b"b"


def test_conflicts_without_end_are_no_success(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Unlucky("")
    monkeypatch.setattr(client, "put_object", lambda **_: Unlucky("conflict").put_object())
    monkeypatch.setattr(objects, "_s3", lambda: client)
    monkeypatch.setattr(objects, "_CONFLICT_PAUSE", 0)
    assert not objects.put_new(f"{bucket}/one.json", b"a")

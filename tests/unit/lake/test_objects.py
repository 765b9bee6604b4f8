from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from headrace.lake import objects


@pytest.fixture(params=["disk", "bucket"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if request.param == "disk":
        yield f"{tmp_path}/one.json"
        return
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="lake")
        objects._s3.cache_clear()
        yield "s3a://lake/one.json"
    objects._s3.cache_clear()


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

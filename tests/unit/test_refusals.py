"""What AWS says no to is told with the thing, its setting and the remedy; what passes by itself is tried again."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, NoRegionError

from headrace.errors import HeadraceError, Passing
from headrace.refusals import refused

SAID = {
    "ExpiredToken": "have expired; sign in again",
    "InvalidClientTokenId": "does not know these credentials",
    "AccessDenied": r"bucket lake \(HEADRACE_LAKE_URL\): this role lacks the right PutObject",
    "LimitExceededException": "a quota of the account is reached",
    "PermanentRedirect": "another region than AWS_REGION names",
    "NoSuchBucket": r"bucket lake \(HEADRACE_LAKE_URL\) is not there",
    "Unheard": "PutObject was refused: Unheard",
}


def of(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "PutObject")


@pytest.mark.parametrize("code", SAID)
def test_a_refusal_names_the_thing_and_the_remedy(code: str) -> None:
    with pytest.raises(HeadraceError, match=SAID[code]), refused("bucket lake", "HEADRACE_LAKE_URL"):
        raise of(code)


def test_asking_too_fast_may_pass() -> None:
    with pytest.raises(Passing), refused("bucket lake"):
        raise of("SlowDown")


@pytest.mark.parametrize(
    ("error", "said"), [(NoCredentialsError(), "aws sso login"), (NoRegionError(), "set AWS_REGION")]
)
def test_what_is_missing_here_is_told(error: Exception, said: str) -> None:
    with pytest.raises(HeadraceError, match=said), refused("bucket lake"):
        raise error


def test_a_connection_that_fails_is_one_that_is_tried_again() -> None:
    with pytest.raises(Passing, match="Is AWS_REGION right"), refused("bucket lake"):
        raise EndpointConnectionError(endpoint_url="https://elsewhere")

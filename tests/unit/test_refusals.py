"""What AWS says no to is told with the thing, its setting and the remedy; what passes by itself is tried again."""

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
)

from headrace.aws_errors import refused
from headrace.errors import HeadraceError, Transient, cause_to_act_on, may_pass

SAID = {
    "ExpiredToken": "have expired; sign in again",
    "InvalidClientTokenId": "does not know these credentials",
    "AccessDenied": r"bucket lake \(HEADRACE_LAKE_URL\): this role lacks the right PutObject",
    "LimitExceededException": "a quota of the account is reached",
    "PermanentRedirect": r"another region than AWS_REGION \(.*\) names",
    "NoSuchBucket": r"bucket lake \(HEADRACE_LAKE_URL\) is not there",
    "Unheard": "PutObject was refused: Unheard",
}


def of(code: str, said: str = "no", status: int = 400) -> ClientError:
    answer = {"Error": {"Code": code, "Message": said}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "PutObject")


@pytest.mark.parametrize("code", SAID)
def test_a_refusal_names_the_thing_and_the_remedy(code: str) -> None:
    with pytest.raises(HeadraceError, match=SAID[code]), refused("bucket lake", "HEADRACE_LAKE_URL"):
        raise of(code)


@pytest.mark.parametrize("code", ["SlowDown", "ThrottledException", "TooManyRequestsException"])
def test_asking_too_fast_may_pass(code: str) -> None:
    with pytest.raises(Transient, match="fewer requests"), refused("bucket lake"):
        raise of(code)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("InternalError", 500),
        ("InternalServiceException", 400),
        ("InternalServerException", 400),
        ("ServiceUnavailable", 503),
        ("RequestTimeout", 400),
        ("ConcurrentModificationException", 400),
        ("500", 500),
        ("NeverHeardOf", 502),
    ],
)
def test_a_service_out_of_breath_may_pass(code: str, status: int) -> None:
    with pytest.raises(Transient, match="could not do it just now"), refused("bucket lake"):
        raise of(code, status=status)


@pytest.mark.parametrize(
    ("code", "said", "told"),
    [
        (
            "ValidationException",
            "Maximum number of active steps for cluster exceeded.",
            "a quota of the account",
        ),
        (
            "InvalidRequestException",
            "Cluster id 'j-1' is not valid.",
            r"j-1 \(HEADRACE_EMR_ID\) is not there",
        ),
        ("ValidationException", "Member must not be null", "refused: ValidationException: Member must not"),
        ("ResourceNumberLimitExceededException", "too many databases", "a quota of the account"),
    ],
)
def test_what_a_wide_code_means_is_read_from_its_text(code: str, said: str, told: str) -> None:
    with pytest.raises(HeadraceError, match=told), refused("EMR cluster j-1", "HEADRACE_EMR_ID"):
        raise of(code, said)


def test_of_what_boto3_says_only_what_may_pass_is_tried_again() -> None:
    passes = [of("SlowDown", status=503), EndpointConnectionError(endpoint_url="https://elsewhere")]
    stays = [
        of("AccessDenied", status=403),
        NoRegionError(),
        NoCredentialsError(),
        ProfileNotFound(profile="x"),
    ]
    assert [may_pass(error) for error in passes] == [True, True]
    assert not any(may_pass(error) for error in stays)


def test_a_commit_that_met_another_writers_may_pass() -> None:
    error = RuntimeError(
        "io.delta.exceptions.ConcurrentAppendException: Files were added by a concurrent update."
    )
    assert "another run wrote the same table" in str(cause_to_act_on(error))
    assert may_pass(error)


@pytest.mark.parametrize(
    ("error", "said"), [(NoCredentialsError(), "aws sso login"), (NoRegionError(), "set AWS_DEFAULT_REGION")]
)
def test_what_is_missing_here_is_told(error: Exception, said: str) -> None:
    with pytest.raises(HeadraceError, match=said), refused("bucket lake"):
        raise error


def test_a_connection_that_fails_is_one_that_is_tried_again() -> None:
    with pytest.raises(Transient, match=r"Is AWS_REGION \(.*\) right"), refused("bucket lake"):
        raise EndpointConnectionError(endpoint_url="https://elsewhere")

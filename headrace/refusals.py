"""What AWS says no to, in a sentence that names the thing and the remedy."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    TokenRetrievalError,
)

from headrace.errors import HeadraceError, Passing

EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired")
UNKNOWN_KEYS = (
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
)
NO_RIGHT = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403", "Forbidden")
TOO_FAST = (
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "SlowDown",
)
TOO_MUCH = (
    "LimitExceededException",
    "ServiceQuotaExceededException",
    "VcpuLimitExceeded",
    "QuotaExceededException",
)
ELSEWHERE = ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301")
NOT_THERE = (
    *(
        "NoSuchBucket",
        "NoSuchKey",
        "404",
        "ResourceNotFoundException",
        "EntityNotFoundException",
        "NotFoundException",
    ),
    *("ClusterNotFound", "InvalidRequestException", "ValidationException"),
)


@contextmanager
def refused(what: str, setting: str = "") -> Iterator[None]:
    """what: the resource as a person would name it; setting: what names it to us, if anything does."""
    try:
        yield
    except ClientError as error:
        raise as_told(error, what, setting) from error
    except NoCredentialsError as error:
        raise HeadraceError(
            f"{what}: there are no AWS credentials. Sign in (aws sso login, or set AWS_PROFILE), or give this machine "
            "a role."
        ) from error
    except NoRegionError as error:
        raise HeadraceError(f"{what}: no AWS region is named; set AWS_REGION") from error
    except TokenRetrievalError as error:
        raise HeadraceError(f"{what}: the sign-in to AWS has expired; aws sso login") from error
    except EndpointConnectionError as error:
        raise ConnectionError(f"{what}: AWS does not answer ({error}). Is AWS_REGION right?") from error
    except BotoCoreError as error:
        raise HeadraceError(f"{what}: {error}") from error


def as_told(error: ClientError, what: str, setting: str = "") -> HeadraceError:
    code, said = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    named = f" ({setting})" if setting else ""
    if code in EXPIRED:
        return HeadraceError(f"{what}: the AWS credentials have expired; sign in again (aws sso login)")
    if code in UNKNOWN_KEYS:
        return HeadraceError(f"{what}: AWS does not know these credentials; which account is AWS_PROFILE of?")
    if code in NO_RIGHT:
        right = f"{error.operation_name}: {said}".rstrip(": ")
        return HeadraceError(f"{what}{named}: this role lacks the right {right}. See infra/modules/access.")
    if code in TOO_FAST:
        return Passing(
            f"{what}: AWS asks for fewer requests at a time ({code}), and did so each time we waited"
        )
    if code in TOO_MUCH:
        return HeadraceError(f"{what}: a quota of the account is reached ({said}). Service Quotas raises it.")
    if code in ELSEWHERE:
        return HeadraceError(f"{what}{named} is in another region than AWS_REGION names ({said})")
    if code in NOT_THERE:
        return HeadraceError(
            f"{what}{named} is not there ({said}). Is it the account and region of this environment?"
        )
    return HeadraceError(f"{what}{named}: {error.operation_name} was refused: {code}: {said}")

"""What AWS says no to, in a sentence that names the thing and the remedy."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    TokenRetrievalError,
)

from headrace.errors import HeadraceError, Transient

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
    "ThrottledException",
    "RequestThrottled",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "SlowDown",
)
OUT_OF_BREATH = (
    *("InternalError", "InternalFailure", "InternalServerError", "InternalServerErrorException"),
    *("InternalServerException", "InternalServiceError", "InternalServiceException"),
    *("ServiceUnavailable", "ServiceUnavailableException", "Unavailable"),
    *("RequestTimeout", "RequestTimeoutException", "OperationTimeoutException"),
    *("ConcurrentModificationException", "OperationAborted", "ConditionalRequestConflict"),
)
TOO_MUCH = (
    "LimitExceededException",
    "ServiceQuotaExceededException",
    "VcpuLimitExceeded",
    "QuotaExceededException",
    "ResourceNumberLimitExceededException",
)
REGION = "AWS_REGION (for boto3 AWS_DEFAULT_REGION)"
ELSEWHERE = ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301")
NOT_THERE = (
    "NoSuchBucket",
    "NoSuchKey",
    "404",
    "ResourceNotFoundException",
    "EntityNotFoundException",
    "NotFoundException",
    "ClusterNotFound",
)
KEY_OUT_OF_USE = ("KMS.DisabledException", "KMS.KMSInvalidStateException", "KMS.NotFoundException")
SAID_IN_TEXT_ONLY = ("InvalidRequestException", "ValidationException")
SAYS_TOO_MUCH = re.compile(r"maximum number of|quota|limit\b.* exceeded|exceed\w* .*\blimit", re.IGNORECASE)
SAYS_NOT_THERE = re.compile(r"not valid|not found|not exist|no such|terminated", re.IGNORECASE)


@contextmanager
def refused(what: str, setting: str = "") -> Iterator[None]:
    """what: the resource as a person would name it; setting: what names it to us, if anything does."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise in_words(error, what, setting) from error


def in_words(error: BaseException, what: str, setting: str = "") -> HeadraceError:
    """A HeadraceError, or what is tried again by itself."""
    match error:
        case ClientError():
            answer = error.response["Error"]
            said = answer.get("Message", "")
            code = _meant_by(answer.get("Code", ""), said, _status_of(error))
            return as_told(code, said, error.operation_name, what, setting)
        case NoCredentialsError() | PartialCredentialsError():
            return HeadraceError(
                f"{what}: there are no AWS credentials. Sign in (aws sso login, or set AWS_PROFILE), or give this "
                "machine a role."
            )
        case NoRegionError():
            return HeadraceError(
                f"{what}: no AWS region is named; set AWS_DEFAULT_REGION, which boto3 reads, beside AWS_REGION, "
                "which the others read"
            )
        case TokenRetrievalError():
            return HeadraceError(f"{what}: the sign-in to AWS has expired; aws sso login")
        case ConnectionError() | HTTPClientError() | IncompleteReadError():
            return _unanswered(what, str(error))
    return HeadraceError(f"{what}: {error}")


def _unanswered(what: str, why: str) -> Transient:
    return Transient(f"{what}: AWS does not answer ({why}). Is {REGION} right?")


def _status_of(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _meant_by(code: str, said: str, status: int) -> str:
    """A code that as_told knows, where it is given too widely for what is said with it, or is unheard of."""
    if code in SAID_IN_TEXT_ONLY:
        if SAYS_TOO_MUCH.search(said):
            return TOO_MUCH[0]
        return "404" if SAYS_NOT_THERE.search(said) else code
    return code if status < 500 or code in TOO_FAST else OUT_OF_BREATH[0]


NO_CREDENTIALS, NO_ANSWER = "NoCredentials", "NoAnswer"
# The first that is found counts. Where delta-rs got no credentials, what it was answered then is the better reason.
IN_TEXT = (
    (
        NO_CREDENTIALS,
        "No AWS Credentials|NoAwsCredentialsException|Unable to load credentials|no credentials found in chain",
    ),
    *((code, code) for code in (*EXPIRED, *UNKNOWN_KEYS, *TOO_FAST, *ELSEWHERE[:-1], "NoSuchBucket")),
    ("301", "redirect without LOCATION|Status Code: 301"),
    *((code, re.escape(code)) for code in KEY_OUT_OF_USE),
    ("AccessDenied", "AccessDenied|403 Forbidden|Status Code: 403"),
    ("SlowDown", "503 Slow Down|Status Code: 503|503 Service Unavailable"),
    ("InternalError", "<Code>InternalError|500 Internal Server Error|Status Code: 500"),
    ("RequestTimeout", "RequestTimeout"),
    (NO_ANSWER, r"Error performing [\s\S]*error sending request"),
    (NO_ANSWER, r"error occurred while loading credentials[\s\S]*dispatch failure"),
    (NO_ANSWER, "Unable to execute HTTP request.*|Received an UnknownHostException.*"),
    (NO_ANSWER, r"UnknownHostException: .*(s3a?://|\bs3[.-]).*"),
    (NO_CREDENTIALS, "error occurred while loading credentials"),
)
PLACE = re.compile(r"(s3a?|https?)://[^\s,'\"`]+")
COLOUR = re.compile(r"\x1b\[[\d;]*m")


def read_from(text: str, note: str = "") -> HeadraceError | None:
    """What clients that are not boto3 wrote down of AWS's answer. note: the place, where whoever asked left it."""
    text = COLOUR.sub("", text)
    read = ((code, found[0]) for code, words in IN_TEXT if (found := re.search(words, text)))
    code, words = next(read, ("", ""))
    if not code:
        return None
    place = PLACE.search(f"{note}\n{text}")
    what = place[0].rstrip("/.:") if place else note or "S3"
    if code == NO_CREDENTIALS:
        return in_words(NoCredentialsError(), what)
    if code == NO_ANSWER:
        return _unanswered(what, text.rpartition("↳")[2].strip() if "↳" in text else words[:200])
    message = re.search("<Message>([^<]+)", text)
    return as_told(code, message[1] if message else "", "the request", what, "")


def as_told(code: str, said: str, asked: str, what: str, setting: str) -> HeadraceError:
    """asked: the operation."""
    named = f" ({setting})" if setting else ""
    aside = f" ({said})" if said else ""
    if code in EXPIRED:
        return HeadraceError(f"{what}: the AWS credentials have expired; sign in again (aws sso login)")
    if code in UNKNOWN_KEYS:
        return HeadraceError(f"{what}: AWS does not know these credentials; which account is AWS_PROFILE of?")
    if code in NO_RIGHT:
        right = f"{asked}: {said}".rstrip(": ")
        return HeadraceError(f"{what}{named}: this role lacks the right {right}. See infra/modules/access.")
    if code in TOO_FAST:
        return Transient(
            f"{what}: AWS asks for fewer requests at a time ({code}), and did so each time we waited"
        )
    if code in OUT_OF_BREATH:
        return Transient(f"{what}: AWS could not do it just now ({asked}: {said or code})")
    if code in TOO_MUCH:
        return HeadraceError(
            f"{what}: a quota of the account is reached ({said}). Wait for what uses it, or raise it in Service Quotas."
        )
    if code in ELSEWHERE:
        return HeadraceError(f"{what}{named} is in another region than {REGION} names{aside}")
    if code in KEY_OUT_OF_USE:
        return HeadraceError(
            f"{what}{named}: the KMS key it is encrypted with cannot be used ({said or code}). Enable the key again, "
            "or cancel its deletion, in the account that it is of; nothing is lost as long as the key exists."
        )
    if code in NOT_THERE:
        return HeadraceError(
            f"{what}{named} is not there{aside}. Is it the account and region of this environment?"
        )
    return HeadraceError(f"{what}{named}: {asked} was refused: {code}: {said}")

"""What AWS says no to, in a sentence that names the thing and the remedy."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

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

REGION = "AWS_REGION (for boto3 AWS_DEFAULT_REGION)"
NO_CREDENTIALS, NO_ANSWER = "NoCredentials", "NoAnswer"
# By what AWS means: its codes for it, the first of which stands for all.
EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired")
UNKNOWN_KEYS = (
    *("InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"),
    "SignatureDoesNotMatch",
)
NO_RIGHT = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403", "Forbidden")
TOO_FAST = (
    *("Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled"),
    *("TooManyRequestsException", "RequestLimitExceeded", "SlowDown"),
)
NOT_NOW = (
    *("InternalError", "InternalFailure", "InternalServerError", "InternalServerErrorException"),
    *("InternalServerException", "InternalServiceError", "InternalServiceException"),
    *("ServiceUnavailable", "ServiceUnavailableException", "Unavailable"),
    *("RequestTimeout", "RequestTimeoutException", "OperationTimeoutException"),
    *("ConcurrentModificationException", "OperationAborted", "ConditionalRequestConflict"),
)
TOO_MUCH = (
    *("LimitExceededException", "ServiceQuotaExceededException", "VcpuLimitExceeded"),
    *("QuotaExceededException", "ResourceNumberLimitExceededException"),
)
ELSEWHERE = ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301")
NOT_THERE = (
    *("NoSuchBucket", "NoSuchKey", "404", "ResourceNotFoundException", "EntityNotFoundException"),
    *("NotFoundException", "ClusterNotFound", "ParameterNotFound"),
)
KEY_OUT_OF_USE = ("KMS.DisabledException", "KMS.KMSInvalidStateException", "KMS.NotFoundException")
SENTENCES = {
    EXPIRED: "{what}: the AWS credentials have expired; sign in again (aws sso login)",
    UNKNOWN_KEYS: "{what}: AWS does not know these credentials; which account is AWS_PROFILE of?",
    NO_RIGHT: "{named}: this role lacks the right {right}. See infra/modules/access.",
    TOO_FAST: "{what}: AWS asks for fewer requests at a time ({code}), and did so each time we waited",
    NOT_NOW: "{what}: AWS could not do it just now ({asked}: {why})",
    TOO_MUCH: "{what}: a quota of the account is reached ({message}). Wait for what uses it, or raise it in Service "
    "Quotas.",
    ELSEWHERE: f"{{named}} is in another region than {REGION} names{{aside}}",
    KEY_OUT_OF_USE: "{named}: the KMS key it is encrypted with cannot be used ({why}). Enable the key again, or cancel "
    "its deletion, in the account that it is of; nothing is lost as long as the key exists.",
    NOT_THERE: "{named} is not there{aside}. Is it the account and region of this environment?",
    (
        NO_CREDENTIALS,
    ): "{what}: there are no AWS credentials. Sign in (aws sso login, or set AWS_PROFILE), or give this "
    "machine a role.",
    (NO_ANSWER,): f"{{what}}: AWS does not answer ({{message}}). Is {REGION} right?",
}
PASSING = (*TOO_FAST, *NOT_NOW, NO_ANSWER)


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
            status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
            code, message = answer.get("Code", ""), answer.get("Message", "")
            return _sentence(_meaning(code, message, status), message, what, setting, error.operation_name)
        case NoCredentialsError() | PartialCredentialsError():
            return _sentence(NO_CREDENTIALS, "", what)
        case ConnectionError() | HTTPClientError() | IncompleteReadError():
            return _sentence(NO_ANSWER, str(error), what)
        case NoRegionError():
            return HeadraceError(
                f"{what}: no AWS region is named; set AWS_DEFAULT_REGION, which boto3 reads, beside AWS_REGION, "
                "which the others read"
            )
        case TokenRetrievalError():
            return HeadraceError(f"{what}: the sign-in to AWS has expired; aws sso login")
    return HeadraceError(f"{what}: {error}")


def _meaning(code: str, message: str, status: int) -> str:
    """A code that has a sentence, where it is given too widely for what is said with it, or is unheard of."""
    if code in ("InvalidRequestException", "ValidationException"):
        if re.search(
            r"maximum number of|quota|limit\b.* exceeded|exceed\w* .*\blimit", message, re.IGNORECASE
        ):
            return TOO_MUCH[0]
        if re.search(r"not valid|not found|not exist|no such|terminated", message, re.IGNORECASE):
            return NOT_THERE[0]
        return code
    return code if status < 500 or code in TOO_FAST else NOT_NOW[0]


def _sentence(
    code: str, message: str, what: str, setting: str = "", asked: str = "the request"
) -> HeadraceError:
    sentence = next((text for codes, text in SENTENCES.items() if code in codes), None)
    told = (sentence or "{named}: {asked} was refused: {code}: {message}").format(
        what=what, named=f"{what} ({setting})" if setting else what, code=code, asked=asked, message=message,
        why=message or code, aside=f" ({message})" if message else "", right=f"{asked}: {message}".rstrip(": "),
    )  # fmt: skip
    return Transient(told) if code in PASSING else HeadraceError(told)


# What clients that are not boto3 write down. The first that is found counts. Where delta-rs got no credentials, what it
# was answered then is the better reason.
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


def read_from(text: str, note: str = "") -> HeadraceError | None:
    """What clients that are not boto3 wrote down of AWS's answer. note: the place, where whoever asked left it."""
    text = re.sub(r"\x1b\[[\d;]*m", "", text)
    read = ((code, found[0]) for code, words in IN_TEXT if (found := re.search(words, text)))
    code, words = next(read, ("", ""))
    if not code:
        return None
    place = re.search(r"(s3a?|https?)://[^\s,'\"`]+", f"{note}\n{text}")
    what = place[0].rstrip("/.:") if place else note or "S3"
    if code == NO_ANSWER:
        return _sentence(code, text.rpartition("↳")[2].strip() if "↳" in text else words[:200], what)
    message = re.search("<Message>([^<]+)", text)
    return _sentence(code, message[1] if message else "", what)


@cache
def secret_text(name: str, setting: str) -> str:
    """What AWS Secrets Manager keeps under a name that a setting gives; it is asked once a process."""
    import boto3

    with refused(f"secret {name}", setting):
        found = boto3.client("secretsmanager").get_secret_value(SecretId=name)
    return str(found["SecretString"]).strip()

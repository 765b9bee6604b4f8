"""What Databricks says no to, in a sentence that names the thing and the remedy."""

from collections.abc import Iterator
from contextlib import contextmanager

from databricks.sdk.errors import (
    BadRequest,
    DeadlineExceeded,
    InternalError,
    NotFound,
    PermissionDenied,
    TemporarilyUnavailable,
    TooManyRequests,
    Unauthenticated,
)
from databricks.sdk.errors.base import DatabricksError
from databricks.sdk.errors.private_link import PrivateLinkValidationError
from requests.exceptions import RequestException

from headrace.errors import HeadraceError, Passing

HOST = "Is DATABRICKS_HOST right?"
SAYS_NOT_THERE = ("does not exist", "doesn't exist", "not found")


@contextmanager
def refused(what: str, setting: str = "") -> Iterator[None]:
    """what: the resource as a person would name it; setting: what names it to us, if anything does."""
    try:
        yield
    except DatabricksError as error:
        raise as_told(error, what, setting) from error
    except TimeoutError as error:  # the SDK has tried again for as long as it may
        raise _gave_up(error, what) from error
    except RequestException as error:
        raise ConnectionError(f"{what}: {_answers_nothing(error)}") from error
    except ValueError as error:
        raise HeadraceError(
            f"{what}: there are no credentials for Databricks ({_first_line(error)}). Sign in (databricks auth login), "
            "or set DATABRICKS_HOST and DATABRICKS_TOKEN, or DATABRICKS_CONFIG_PROFILE."
        ) from error


def as_told(error: DatabricksError, what: str, setting: str = "") -> HeadraceError:
    said, named = _first_line(error), f" ({setting})" if setting else ""
    if isinstance(error, PrivateLinkValidationError):
        return HeadraceError(f"{what}: the workspace is reached from its private network only ({said})")
    if isinstance(error, Unauthenticated):
        return HeadraceError(
            f"{what}: Databricks does not know these credentials ({said}). Which workspace are they of? Sign in again "
            "(databricks auth login), or set DATABRICKS_TOKEN."
        )
    if isinstance(error, PermissionDenied):
        return HeadraceError(
            f"{what}{named}: whoever DATABRICKS_TOKEN or DATABRICKS_CONFIG_PROFILE signs in lacks the right ({said}). "
            "Jobs need to create or attach to a cluster and to use its instance profile."
        )
    if isinstance(error, TooManyRequests):
        return Passing(f"{what}: Databricks asks for fewer requests at a time ({said})")
    if isinstance(error, InternalError | TemporarilyUnavailable | DeadlineExceeded):
        return Passing(f"{what}: Databricks is out of breath ({said})")
    if isinstance(error, NotFound) or (isinstance(error, BadRequest) and _is_missing(said)):
        return HeadraceError(f"{what}{named} is not there ({said}). {HOST}")
    return HeadraceError(f"{what}{named}: Databricks refused: {said}")


def _gave_up(error: TimeoutError, what: str) -> HeadraceError | ConnectionError:
    cause = error.__cause__
    if isinstance(cause, DatabricksError):
        return Passing(f"{as_told(cause, what)}, and did so each time we waited")
    return ConnectionError(f"{what}: {_answers_nothing(cause or error)}")


def _answers_nothing(error: BaseException) -> str:
    return f"Databricks does not answer ({_first_line(error)}). {HOST}"


def _is_missing(said: str) -> bool:
    return any(words in said for words in SAYS_NOT_THERE)


def _first_line(error: BaseException) -> str:
    """Below it the SDK writes what is of use to its makers alone."""
    return next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")

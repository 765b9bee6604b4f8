"""The connection to a database that is served: its URL and password, its limits, and what its errors mean."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from headrace.errors import HeadraceError, Transient, UsageError
from headrace.settings import Settings

CONNECTS_WITHIN = 10
WAITS_FOR_LOCKS = 30
SOON_OVER = (
    *("starting up", "shutting down", "recovery mode", "too many clients", "connection slots"),
    "not currently available",  # SQL Server on Azure, as it wakes
)
"""What a server says that may take connections a little later; libpq gives no code for it."""
REFUSED = ("FATAL: ", "no password supplied", "invalid connection option", "invalid port", 'missing "="')
"""What libpq says, without a code, of a connection that no second try would make."""


def target_of(url: str, settings: Settings) -> sa.URL:
    """The database that is meant, with the password of the settings where the URL has none."""
    text = url or settings.serve_url
    if not text:
        raise UsageError(
            "say which database: --to postgresql://user@host/database, or HEADRACE_SERVE_URL; headrace postgres up "
            "starts one here"
        )
    try:
        target = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise UsageError(
            "the database's URL cannot be read; write it like postgresql://user@host/database"
        ) from None
    kind = target.get_backend_name()
    drivers = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg", "mssql": "mssql+pyodbc"}
    if kind not in drivers:
        raise UsageError(f"{kind} is not served; PostgreSQL and SQL Server are")
    target = target.set(drivername=drivers[kind])
    is_elsewhere = bool(settings.serve_url) and sa.make_url(settings.serve_url).host != target.host
    if target.password or "passfile" in target.query or is_elsewhere:
        return target  # the password of the settings is that of no other database
    password = password_of(settings)
    return target.set(password=password) if password else target


def password_of(settings: Settings) -> str:
    """None where neither the environment nor a secret has one: libpq then looks into ~/.pgpass."""
    if (password := settings.serve_password.get_secret_value()) or not settings.serve_password_secret:
        return password
    from headrace.aws_errors import secret_text

    text = secret_text(settings.serve_password_secret, "HEADRACE_SERVE_PASSWORD_SECRET")
    return str(json.loads(text)["password"]) if text.startswith("{") else text


@contextmanager
def connected(target: sa.URL, settings: Settings) -> Iterator[sa.Connection]:
    """One transaction: all of it is there at its end, or nothing."""
    arguments: dict[str, Any]
    if target.get_backend_name() == "postgresql":
        limits = {
            "statement_timeout": f"{settings.serve_seconds}s",
            "lock_timeout": f"{WAITS_FOR_LOCKS}s",
            "timezone": "UTC",
            "search_path": "pg_catalog",  # a schema that is found without its name is hidden from Alembic
        }
        arguments = {
            **{"connect_timeout": CONNECTS_WITHIN, "application_name": "headrace serve"},
            **{"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3},
            "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
        }
        options: dict[str, Any] = {}
    else:
        arguments, options = {"timeout": CONNECTS_WITHIN}, {"fast_executemany": True}
    engine = sa.create_engine(target, poolclass=sa.NullPool, connect_args=arguments, **options)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def explained(target: sa.URL) -> Iterator[None]:
    """Errors of the database in words that say what to do. None of them shows the password."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise HeadraceError(
            f"{error.name} is needed for {target.drivername}: pip install {error.name}"
        ) from None
    except Exception as error:
        cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        state = _state_of(cause)
        is_of_database = isinstance(error, sa.exc.DBAPIError) or type(cause).__module__.startswith("psycopg")
        if not is_of_database:
            raise
        raise _in_words(state, cause, target) from None


def _state_of(cause: Any) -> str:
    """SQL's code of an error, which psycopg and pyodbc tell in their own ways; none where no connection was made."""
    first = next(iter(getattr(cause, "args", ())), "")
    by_odbc = first if isinstance(first, str) and re.fullmatch(r"[0-9A-Z]{5}", first) else ""
    return getattr(cause, "sqlstate", None) or by_odbc


def _in_words(state: str, cause: Any, target: sa.URL) -> HeadraceError:
    place = target.set(drivername=target.get_backend_name(), query={}).render_as_string(hide_password=True)
    message = str(cause).strip()
    if target.password:
        message = message.replace(str(target.password), "***")
    diagnosis = getattr(cause, "diag", None)
    where = getattr(diagnosis, "context", None) or ""
    first = " ".join((getattr(diagnosis, "message_primary", None) or message).split())
    nothing = "Nothing was changed"
    match state[:2], state:
        case _, "57014":
            return Transient(
                f"{place} took longer than HEADRACE_SERVE_SECONDS for one statement. {nothing}; the next run takes up "
                "all that is missing."
            )
        case _, "55P03":
            return Transient(
                f"{place}: somebody holds a lock on a table for over {WAITS_FOR_LOCKS} s. {nothing}."
            )
        case _, "42501":
            return HeadraceError(
                f"{place}: this user lacks a right: {first}. {nothing}. It needs to CREATE in the database, to own the "
                "schemas that are served, and CREATEROLE where the reader's role does not exist (or --reader '')."
            )
        case _, "22001":
            return HeadraceError(
                f"{place}: {first}{f' ({where})' if where else ''}. {nothing}. Give the column more room under lengths "
                "in the domain's serving.yml."
            )
        case _, "2BP01":
            return HeadraceError(
                f"{place}: {first} {getattr(diagnosis, 'message_detail', '') or ''}. {nothing}. Drop what depends on "
                "it, and make it again afterwards."
            )
        case _, "" if any(each in message for each in REFUSED) and not any(
            each in message for each in SOON_OVER
        ):
            refused = message.rpartition("FATAL: ")[2].strip()
            return HeadraceError(
                f"{place} refuses the connection: {refused}. A password comes from the URL, HEADRACE_SERVE_PASSWORD or "
                "~/.pgpass."
            )
        case (("08" | "57" | "53" | "40" | ""), _):
            return Transient(f"{place} does not answer, or the connection was lost: {first}. {nothing}.")
    return HeadraceError(f"{place}: {first}{f' ({where})' if where else ''}. {nothing}.")

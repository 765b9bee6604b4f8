"""The row rules a contract implies: which rows must not pass, and why.

A rule is a reason and a condition. What needs another table (an orphan) is the table's own business.
"""

from collections.abc import Iterator
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from headrace.contracts.model import ColumnSpec, Contract
from headrace.tables import IS_IMPOSSIBLE, IS_NULL, REASONS

CLOCK_SLACK = "INTERVAL 1 HOUR"
FROM_TOPIC = "kafka:"  # then the topic: the source of a message
KEY_DISAGREES = (
    "key: "  # then the key, a space and the text of a message; it was read, so it names its sender
)
NO_TEXT = "base64:"  # then the bytes of a line that is no UTF-8, and no more
MOST_IN_LINE = 16 * 1024 * 1024
MALFORMED, ODD_FIELD = "malformed line", "a field is unreadable or unexpected"
NOT_UTF8 = "line is no UTF-8"
TOO_LONG = f"line is longer than {MOST_IN_LINE // 1024 // 1024} MB"
WRONG = "wrong: "  # then what the reader of its file found, a line break and the line
UNREADABLE = (NOT_UTF8, TOO_LONG, MALFORMED)
"""Reasons of a line that could not be read at all: nothing else is worth saying of it."""


def with_reasons(rows: DataFrame, contract: Contract) -> DataFrame:
    """Adds the reasons array, empty for a row that passes; only for others is it worth building."""
    rules = list(row_rules(contract))
    fails = reduce(or_, (F.coalesce(condition, F.lit(False)) for _, condition in rules))
    reasons = F.array_compact(F.array(*(F.when(condition, F.lit(reason)) for reason, condition in rules)))
    none = F.array().cast("array<string>")
    return rows.withColumn(REASONS, F.when(fails, reasons.cast("array<string>")).otherwise(none))


def row_rules(contract: Contract) -> Iterator[tuple[str | Column, Column]]:
    key = F.col(contract.key_column)
    unread, no_key = F.col("_raw").isNotNull(), F.col("_raw").isNotNull() & key.isNull()
    is_bytes, is_long = is_no_text("_raw"), F.octet_length("_raw") > MOST_IN_LINE
    is_object = F.json_object_keys("_raw").isNotNull()
    sent_key = contract.sent_names[contract.key_column]
    says_null = is_object & F.get_json_object("_raw", f"$['{sent_key}']").isNull()
    yield NOT_UTF8, no_key & is_bytes
    yield TOO_LONG, no_key & ~is_bytes & is_long
    yield _malformed(contract), no_key & ~is_bytes & ~is_long & ~is_object
    yield f"{contract.key_column} {IS_NULL}", no_key & ~is_bytes & ~is_long & says_null
    disagrees = unread & _is_under_another_key(contract)
    yield "its key is not the sender it names", disagrees
    is_odd = key.isNotNull() | (~is_bytes & ~is_long & is_object & ~says_null)
    yield ODD_FIELD, unread & is_odd & ~disagrees
    for name, spec in contract.columns.items():
        if spec.required or name == contract.key_column:
            yield f"{name} {IS_NULL}", F.col(name).isNull() & ~unread & _is_sent(name, contract)
        yield from _value_rules(name, spec)
    if contract.event_time:
        happened = F.col(contract.event_time)
        told = F.least("_sent_at", "_ingested_at")  # nobody can tell of what has not happened yet
        yield f"{contract.event_time} is in the future", happened > told + F.expr(CLOCK_SLACK)


def _malformed(contract: Contract) -> str | Column:
    if contract.arrives.reader is None:
        return MALFORMED
    told = F.regexp_extract("_raw", rf"\A{WRONG}(.*)", 1)
    return F.when(F.col("_raw").startswith(WRONG), told).otherwise(MALFORMED)


def is_no_text(name: str) -> Column:
    """Whether a line is kept as its bytes; a line of data that begins as such a one does has more in it."""
    return F.col(name).startswith(NO_TEXT) & F.rlike(name, F.lit(rf"\A{NO_TEXT}[A-Za-z0-9+/=]*+\z"))


def _is_under_another_key(contract: Contract) -> Column:
    sender = contract.sender_column
    if sender is None:
        return F.lit(False)
    is_message = F.col("_source").startswith(FROM_TOPIC) & F.col(sender).isNotNull()
    return F.coalesce(is_message & F.col("_raw").startswith(KEY_DISAGREES), F.lit(False))


def _is_sent(name: str, contract: Contract) -> Column:
    """Whether a row is of a time when its source sends the column, and none that deletes its key and says no more."""
    since, feed = contract.evolving.get(name), contract.changes
    at = F.col(contract.event_time or "_sent_at")
    sent = F.lit(True) if since is None else at >= F.lit(since)
    if feed is None or name in (contract.key_column, feed.operation, *feed.order):
        return sent
    return sent & ~F.coalesce(F.col(feed.operation).isin(*feed.delete), F.lit(False))


def _value_rules(name: str, spec: ColumnSpec) -> Iterator[tuple[str, Column]]:
    value = F.col(name)
    if spec.allowed:
        yield f"{name} is none of the allowed values", ~value.isin(*spec.allowed)
    if spec.possible is not None:
        low, high = spec.possible
        if low is not None:
            yield f"{name} {IS_IMPOSSIBLE}", value < low
        if high is not None:
            yield f"{name} {IS_IMPOSSIBLE}", value > high


def is_rejected() -> Column:
    return F.size(REASONS) > 0

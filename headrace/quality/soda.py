"""Runs one Soda scan and puts each outcome into plain words; checks that Soda could not compute have failed.

Soda would run one query after another and stop at the first that cannot be run. Spark answers all single numbers in
one statement first, where Soda's cursor finds them: planning a query costs more than running it over a few rows.
"""

import logging
import re
import tempfile
import threading
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from headrace.quality.checks import TableChecks
from headrace.quality.gate import CheckResult, Outcome

QUERIES_AT_ONCE = 4
ONE_NUMBER = ("UserDefinedNumericQuery", "ReferenceQuery", "DuplicatesQuery")
DESCRIBE = "DESCRIBE "
_ONE_AT_A_TIME = threading.Lock()  # Soda keeps its log in a singleton
_CONDITION = re.compile(r"(?:<=|>=|!=|=|<|>|\bnot between\b|\bbetween\b).*$")
_COLUMN_HINT = re.compile(r"(\[[A-Z_.]+\]) ?")


def run_soda(
    spark: SparkSession, tables: Sequence[TableChecks], variables: Mapping[str, str]
) -> list[CheckResult]:
    with _ONE_AT_A_TIME:
        scan = _soda().Scan()
        scan.set_data_source_name("spark_df")
        scan.add_spark_session(spark, data_source_name="spark_df")
        scan.add_variables(dict(variables))
        scan._configuration.samples_limit = 0  # nobody reads samples of failed rows
        for table in tables:
            scan.add_sodacl_yaml_str(table.sodacl, file_name=f"{table.view}.yml")
        scan.execute()
        return list(_results(scan, {table.view: table.table for table in tables}))


@cache
def _soda() -> Any:
    """Soda's scan module, without its usage statistics and the settings file that it writes into the user's home."""
    for noisy in ("soda", "sqlparse", "SQLQueryContextLogger"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from soda.common.config_helper import ConfigHelper

        with tempfile.TemporaryDirectory(prefix="headrace-soda-") as folder:
            quiet = Path(folder) / "config.yml"
            quiet.write_text("send_anonymous_usage_stats: false\nuser_cookie_id: none\n")
            ConfigHelper.get_instance(str(quiet))
        import soda.scan
        from soda.data_sources.spark_df_connection import SparkDfConnection
        from soda.execution.data_source_scan import DataSourceScan

    DataSourceScan.execute_queries = _execute_queries
    SparkDfConnection.cursor = lambda connection: Cursor(
        connection.spark_session, getattr(connection, "answers", {})
    )
    return soda.scan


class Cursor:
    """Soda's cursor over Spark. Soda's own runs a query again for every hundred rows."""

    def __init__(self, session: SparkSession, answers: Mapping[str, float | None]) -> None:
        self._session, self._answers = session, answers
        self._rows: list[list[Any]] = []
        self.description: tuple[tuple[str, str], ...] = ()

    def execute(self, sql: str) -> None:
        if sql in self._answers:
            self.description, self._rows = (("value", "DoubleType"),), [[self._answers[sql]]]
        elif sql.startswith(DESCRIBE):
            fields = self._session.table(sql.removeprefix(DESCRIBE)).schema.fields
            self.description = (("col_name", "StringType"), ("data_type", "StringType"))
            self._rows = [[field.name, field.dataType.simpleString()] for field in fields]
        else:
            frame = self._session.sql(sql)
            self.description = tuple(
                (each.name, type(each.dataType).__name__) for each in frame.schema.fields
            )
            self._rows = [[_in_utc(value) for value in row] for row in frame.collect()]

    def fetchone(self) -> list[Any] | None:
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int) -> list[list[Any]]:
        rows, self._rows = self._rows[:size], self._rows[size:]
        return rows

    def close(self) -> None: ...


def _in_utc(value: Any) -> Any:
    """Spark hands instants over in the process's time zone without saying so; Soda takes them for UTC."""
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def _execute_queries(scan: Any) -> None:
    partitions = (part for table in scan.tables.values() for part in table.partitions.values())
    queries = [*(query for part in partitions for query in part.collect_queries()), *scan.queries]
    connection = scan.data_source.connection
    connection.answers = _answers(connection.spark_session, queries)

    def execute(query: Any) -> None:
        try:
            query.execute()
        except Exception as error:  # most often Soda's own, after it has noted the real one in the query
            query.exception = query.exception or error

    with ThreadPoolExecutor(QUERIES_AT_ONCE, thread_name_prefix="scan") as pool:
        list(pool.map(execute, queries))


def _answers(session: SparkSession, queries: Iterable[Any]) -> dict[str, float | None]:
    """The number of each query of one number, all from one statement. Where one of them cannot be run, Soda runs each
    by itself, and says which."""
    numbers = list(dict.fromkeys(query.sql for query in queries if type(query).__name__ in ONE_NUMBER))
    if len(numbers) < 2:
        return {}
    answers = (
        f"select {at} as at, cast(number as double) as number from ({sql}\n) as answer(number)"
        for at, sql in enumerate(numbers)
    )
    try:
        rows = session.sql("\nunion all ".join(answers)).collect()
    except PySparkException:
        return {}
    times = Counter(row.at for row in rows)
    return {numbers[row.at]: row.number for row in rows if times[row.at] == 1}


def _results(scan: Any, tables: Mapping[str, str]) -> Iterable[CheckResult]:
    errors = [_short(entry.message) for entry in scan.get_error_logs()]
    explained: set[str] = set()
    for check in scan._checks:
        table = tables.get(check.partition.table.table_name if check.partition else "", "")
        result = _result(check, table, scan, errors)
        explained.update(error for error in errors if error in result.detail)
        yield result
    for error in dict.fromkeys(errors):
        if error not in explained and not error.startswith("Metrics '"):
            named = (table for view, table in tables.items() if re.search(rf"\b{view}\b", error))
            yield CheckResult(next(named, ""), "Soda understands the checks", "fail", error)


def _result(check: Any, table: str, scan: Any, errors: list[str]) -> CheckResult:
    name, expected = str(check.name), _expected(check)
    if check.outcome is not None:
        outcome: Outcome = check.outcome.value
        found = _found(check)
        detail = f"found {found}" + ("" if outcome == "pass" or not expected else f", expected {expected}")
        return CheckResult(table, name, outcome, detail, found, expected)
    failed = [_short(str(q.exception)) for m in check.metrics.values() for q in m.queries if q.exception]
    counts = (metric for metric in scan._metrics if metric.name == "row_count" and metric.value == 0)
    if table and not failed and any(count.partition is check.partition for count in counts):
        return CheckResult(table, name, "pass", "no rows to judge", "", expected)
    reason = next(iter([*failed, *errors]), "it gave no value")
    return CheckResult(table, name, "fail", f"could not be run: {reason}", "", expected)


def _found(check: Any) -> str:
    freshness = getattr(check, "freshness_values", None)
    if freshness is not None:
        age = freshness.get("freshness")
        return "no rows" if age is None else f"{age} behind as_of"
    problems = getattr(check, "fail_result", None) or getattr(check, "warn_result", None)
    if problems is not None:
        missing = [f"no column {name}" for name in sorted(problems.missing_column_names)]
        forbidden = [f"unwanted column {name}" for name in sorted(problems.present_column_names)]
        types = [
            f"{name} is {types['actual_type']}, not {types['expected_type']}"
            for name, types in sorted(problems.column_type_mismatches.items())
        ]
        return "; ".join([*missing, *forbidden, *types])
    value = getattr(check, "check_value", None)
    if value is None:
        return "all as agreed"
    return f"{value:,.6g}" if isinstance(value, float) and not value.is_integer() else f"{int(value):,}"


def _expected(check: Any) -> str:
    """The condition as it was written."""
    given = check.check_cfg.source_configurations or {}
    limit = given.get("fail" if check.outcome and check.outcome.value == "fail" else "warn")
    if isinstance(limit, str):
        return f"not {limit.removeprefix('when ')}"
    line = str(check.check_cfg.source_line)
    if line == "schema":
        return "the agreed columns"
    if "must exist in" in line:
        return "0"
    condition = _CONDITION.search(re.sub(r"\(.*?\)", "", line))
    return condition[0].removeprefix("= ") if condition else ""


def _short(message: str) -> str:
    """The first sentence of an error, without Spark's error class and query plan."""
    first = message.split("\n", 1)[0].split(" SQLSTATE", 1)[0]
    return re.sub(_COLUMN_HINT, "", first).strip()[:300]

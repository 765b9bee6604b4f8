"""What a contract may say, and reading YAML files as such models: what is wrong with one is said by file and line.

An unknown key is an error, so a typing slip never passes for a promise.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from headrace.errors import ContractError

M = TypeVar("M", bound=BaseModel)
# libyaml's, where it is built in: ten times as fast
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

ColumnType = Literal["int", "long", "float", "string", "datetime", "date", "bool", "array", "map"]
FaultKind = Literal[
    "duplicate", "late", "out_of_order", "missing", "impossible", "out_of_range", "wrong_unit",
    "malformed", "orphan", "stuck", "drift", "spike", "gap",
    "excursion",
]  # fmt: skip

WHOLE_NUMBERS = ("int", "long")
NUMBERS = (*WHOLE_NUMBERS, "float")
ONLY_OF = {
    "items": ("array",),
    "keys": ("map",),
    "values": ("map",),
    "range": (*NUMBERS, "date", "datetime", "array"),
    "step": NUMBERS,
    "distribution": NUMBERS,
    "possible": NUMBERS,
    "mistaken": NUMBERS,
}
CHANGE_TYPE, COMMIT_VERSION, COMMIT_TIME = "_change_type", "_commit_version", "_commit_timestamp"
"""What a Delta table's change data feed tells of each change."""
CHANGE_TURN = "_change_turn"
"""0 of a row as it was before a commit, 1 of one as it is after it: what Headrace adds."""
LISTED = (*WHOLE_NUMBERS, "string")
"""Types of columns whose values can be listed."""

_WHOLE_NUMBER = re.compile(r"^-?\d+$")
_SPAN = re.compile(r"^(\d+(?:\.\d+)?) ?(second|minute|hour|day|week)s?$")
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}


def parse_span(text: Any) -> timedelta:
    """'15 minutes' or '1 day' as a timedelta."""
    if isinstance(text, timedelta):
        return text
    found = _SPAN.match(str(text))
    if not found:
        raise ValueError(f"{text!r} is no span of time; write it like '15 minutes', '1 day' or '10 seconds'")
    return timedelta(seconds=float(found[1]) * _SECONDS[found[2]])


def _no_list(values: Any) -> Any:
    if isinstance(values, list):
        raise ValueError(
            f"values says what a map holds; allowed values are `format: {'|'.join(map(str, values))}`"
        )
    return values


def _with_table(reference: str) -> str:
    if not all(reference.partition(".")):
        raise ValueError(f"{reference!r} names no column: write it as table.column")
    return reference


def _not_reserved(name: str) -> str:
    if name.startswith("_"):
        raise ValueError(
            f"{name!r} begins with an underscore, as only columns of the engine may; allowed: a letter"
        )
    return name


def _as_sources_spell(name: str) -> str:
    if not name or re.search(r"[\"'`?\\\x00-\x1f]", name):
        raise ValueError(
            f"{name!r} is no name that is read; allowed: any text without quotes, backslashes and ?"
        )
    return name


Span = Annotated[timedelta, BeforeValidator(parse_span)]
Rate = Annotated[float, Field(ge=0, le=1)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ColumnSpec(Strict):
    """One column: what it holds, and how to make it up when no source module does."""

    type: ColumnType = "string"
    meaning: str = ""
    unit: str = ""
    sent_as: Annotated[str, AfterValidator(_as_sources_spell)] | None = Field(
        None, description="Its name at the source, where a column of a table cannot have that name."
    )
    format: str | None = Field(None, description="'A|B|C' lists the allowed values; 'RATE-##' is a pattern.")
    weights: tuple[float, ...] | None = Field(None, description="One weight per value of the format.")
    references: Annotated[str, AfterValidator(_with_table)] | None = Field(
        None, description="table.column that a value must exist in."
    )
    required: bool = Field(False, description="A null here rejects the row.")
    range: tuple[float, float] | tuple[str, str] | None = Field(None, description="What the generator makes.")
    possible: tuple[float | None, float | None] | None = Field(
        None, description="Beyond this a value is impossible and its row rejected."
    )
    step: float | None = None
    distribution: Literal["uniform", "normal", "exponential"] = "uniform"
    expression: str | None = Field(None, description="An expression of SQL over the columns above it.")
    mistaken: str | None = Field(
        None, description="An expression of SQL: what a source that mixes up the unit would send instead."
    )
    items: ColumnType | None = Field(None, description="What an array holds.")
    keys: ColumnType | None = None
    values: Annotated[ColumnType | None, BeforeValidator(_no_list)] = None
    added_by: Literal["seed", "headrace"] = Field("seed", description="headrace: an addition of ours.")

    @property
    def comment(self) -> str:
        """What a reader is told of it."""
        text = f"{self.meaning} [{self.unit}]" if self.meaning and self.unit else self.meaning
        return " ".join(text.split())

    @property
    def choices(self) -> tuple[str, ...]:
        return tuple(self.format.split("|")) if self.format and "|" in self.format else ()

    @property
    def allowed(self) -> tuple[str, ...] | tuple[int, ...]:
        """The only values a row may hold, as it holds them; empty where any will do."""
        if self.type in WHOLE_NUMBERS:
            return tuple(int(choice) for choice in self.choices)
        return self.choices if self.type == "string" else ()

    @model_validator(mode="after")
    def _keys_fit(self) -> "ColumnSpec":
        for key in sorted(self.model_fields_set & ONLY_OF.keys()):
            if self.type not in ONLY_OF[key]:
                types = ", ".join(ONLY_OF[key])
                raise ValueError(f"{key} has no effect on a column of type {self.type}, only of {types}")
        if self.choices and self.type not in LISTED:
            types = ", ".join(LISTED)
            raise ValueError(
                f"format lists values, which a column of type {self.type} cannot have, only {types}"
            )
        strange = [choice for choice in self.choices if not _WHOLE_NUMBER.match(choice)]
        if self.type in WHOLE_NUMBERS and strange:
            raise ValueError(f"format lists {', '.join(strange)} for a column of type {self.type}")
        for key in sorted(self.model_fields_set & {"step", "distribution"}):
            if self.range is None:
                raise ValueError(f"{key} has no effect without `range`, which it shapes")
        low, high = self.possible or (None, None)
        if low is not None and high is not None and low > high:
            raise ValueError(f"possible goes from {low:g} to {high:g}: the smaller one comes first")
        if self.weights is not None and len(self.weights) != len(self.choices):
            raise ValueError(f"{len(self.weights)} weights for {len(self.choices)} values of format")
        return self


class Arrives(Strict):
    """How the source delivers: files, a topic, or both."""

    files: Literal["parquet", "csv", "json", "other"] | None = Field(
        "parquet", description="other: files of any name, in a format that `reader` knows."
    )
    reader: str | None = Field(
        None,
        description="The function that reads files of another format, as domains.SECTOR.MODULE:FUNCTION. It is given "
        "the bytes of a file and returns rows (headrace.tables.FileRow).",
    )
    every: Span = Field(timedelta(days=1), description="How often a row (of each entity) comes.")
    landed: Span = Field(timedelta(days=1), description="How often a landing file is cut.")
    sends: Literal["rows", "snapshot", "changes"] = Field(
        "rows",
        description="rows: new rows; snapshot: all entities each time; changes: all once, then changed.",
    )
    per: str | None = Field(None, description="The source table with one row per sender.")
    cadence: str | None = Field(
        None, description="The sender's column with its own interval in seconds; a stride thins such a table."
    )
    times: float = Field(1.0, gt=0, description="Rows per sender and interval.")
    topic: str | None = None
    delta: str | None = Field(
        None,
        description="A Delta table whose change data feed is read: its path, or one below HEADRACE_DELTA_SOURCES_URL.",
    )
    partitions: int | None = Field(
        None, ge=1, description="Of the topic, when it is made (default: as its brokers say)."
    )
    retention: Span | None = Field(
        None, description="How long the topic keeps a message, when it is made (default: as its brokers say)."
    )
    again: Literal["refuse", "add", "replace"] = Field(
        "refuse",
        description="What becomes of other content under the name of a file that was taken: set aside, taken beside "
        "what came before, or taken as its newer delivery.",
    )
    extra: Literal["refuse", "keep"] = Field(
        "refuse",
        description="What becomes of fields of JSON that the contract does not name: the row is set aside, or it "
        "passes and they are kept in the column `_extra`.",
    )
    spelling: Literal["plain", "loose"] = Field(
        "plain",
        description="loose: CSV files as people save them, with lines above the header, semicolons, decimal commas and "
        "the encodings of Windows.",
    )
    strict: bool = Field(
        False, description="CSV files are refused that have columns in another order, or as Excel saves them."
    )
    sent_at: Literal["file time", "file name"] = Field(
        "file time",
        description="What tells when a file was sent: its own time, or its name, as in orders_20240103T060000_00.csv.",
    )

    @model_validator(mode="after")
    def _keys_fit(self) -> "Arrives":
        if (self.files == "other") != (self.reader is not None):
            raise ValueError("reader and files: other go together: the one names who reads the other")
        if self.files is None and self.topic is None:
            raise ValueError(
                "files is null and there is no topic; allowed: files: parquet, csv, json or other, or a topic"
            )
        for key in sorted(self.model_fields_set & {"again", "sent_at"}):
            if self.files is None:
                raise ValueError(
                    f"{key} has no effect without files; allowed with files: parquet, csv, json or other"
                )
        for key in sorted(self.model_fields_set & {"partitions", "retention"}):
            if self.topic is None:
                raise ValueError(f"{key} has no effect without `topic`, whose {key} it says")
        if self.delta is not None and self.files != "parquet":
            raise ValueError("delta leaves changes as files of Parquet; allowed with it: files: parquet")
        if self.extra == "keep" and self.files != "json" and self.topic is None:
            raise ValueError(f"extra has no effect on files of {self.files}, only on JSON: files or a topic")
        if self.strict and self.files != "csv":
            raise ValueError("strict has no effect on files other than CSV")
        if self.spelling == "loose" and (self.strict or self.files != "csv"):
            raise ValueError("spelling: loose is of files of CSV that are not strict")
        if self.cadence is not None and self.per is None:
            raise ValueError(
                "cadence names a column of the senders' table and needs `per`, which names that table"
            )
        return self


def _several(names: Any) -> Any:
    return (names,) if isinstance(names, str) else names


Names = Annotated[tuple[str, ...], BeforeValidator(_several)]


class ChangeFeed(Strict):
    """How a change feed names its operations, its order and its before-images."""

    operation: str = Field(description="The column that says what a row does.")
    order: Names = Field(
        min_length=1, description="The columns by which its log is ordered, the first one first."
    )
    insert: Names = ("INSERT",)
    update: Names = ("UPDATE",)
    delete: Names = ("DELETE",)
    before: str | None = Field(
        None, description="The operation of rows that are before-images, or the column that holds them."
    )
    also: Literal["debezium"] | None = Field(
        None,
        description="debezium: a change may come in Debezium's envelope, too. Its op becomes the operation, the "
        "columns of the order are taken from its source.",
    )
    debezium_names: dict[str, Names] = Field(
        {},
        description="What that source calls a column of the order, where it has another name for it; of several names "
        "the first one that it sends.",
    )

    def images(self, columns: Collection[str]) -> Names:
        """The operations of rows that are before-images; none where a column holds these."""
        return () if self.before is None or self.before in columns else (self.before,)

    def operations(self, columns: Collection[str]) -> Names:
        return (*self.insert, *self.update, *self.delete, *self.images(columns))

    def check(self, columns: Collection[str]) -> None:
        """Refuses columns that are not there, and an operation that means two things."""
        unknown = [name for name in (self.operation, *self.order) if name not in columns]
        if unknown:
            raise ValueError(
                f"changes names {', '.join(unknown)}, not among the columns: {', '.join(columns)}"
            )
        named = self.operations(columns)
        twice = sorted({name for name in named if named.count(name) > 1})
        if twice:
            raise ValueError(f"changes gives {', '.join(twice)} more than one meaning")


def _in_utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant


class Evolves(Strict):
    """Columns that the source sends only from some moment on; before it they are null, whatever else they must be."""

    since: Annotated[datetime, AfterValidator(_in_utc)]
    columns: tuple[str, ...]


def _bare_type(column: Any) -> Any:
    return {"type": column} if isinstance(column, str) else column


Column = Annotated[ColumnSpec, BeforeValidator(_bare_type)]


class Contract(Strict):
    """What one source table promises."""

    table: str
    type: Literal["dimension", "fact", "change_feed"]
    num_rows: int = Field(1000, ge=1, description="Rows at scale 1: entities of a dimension, rows of a fact.")
    num_bytes: int | None = Field(None, ge=1, description="Bytes at scale 1, as the source states them.")
    columns: dict[Annotated[str, AfterValidator(_not_reserved)], Column]
    at_least: int = Field(1, ge=1, description="Entities at the smallest scale.")
    description: str = ""
    key: str | None = Field(None, description="The column that names a row (default: the first _id column).")
    event_time: str | None = None
    measure: str | None = Field(None, description="The column that an instrument measures.")
    late: Span | None = Field(None, description="How long after its event a row may still arrive.")
    scales: bool = Field(True, description="False for a reference table, the same at every scale.")
    arrives: Arrives = Arrives()
    changes: ChangeFeed | None = None
    evolves: tuple[Evolves, ...] = ()
    faults: dict[FaultKind, Rate] = {}

    @property
    def key_column(self) -> str:
        return self.key or next(
            (name for name in self.columns if name.endswith("_id")), next(iter(self.columns))
        )

    @property
    def sender_column(self) -> str | None:
        """The column that names who sent a row; a topic's messages are keyed by it."""
        whose = f"{self.arrives.per}."
        named = (name for name, spec in self.columns.items() if (spec.references or "").startswith(whose))
        return next(named, None)

    def rows_at(self, scale: float) -> int:
        """How many entities (of a fact: rows) there are at a scale."""
        scaled = round(self.num_rows * scale) if self.scales else self.num_rows
        return max(self.at_least, scaled)

    @property
    def sent_names(self) -> dict[str, str]:
        """The name of each column at the source."""
        return {name: spec.sent_as or name for name, spec in self.columns.items()}

    @property
    def keeps_extra(self) -> bool:
        """Whether fields that are none of its columns are kept."""
        return self.arrives.extra == "keep"

    @property
    def evolving(self) -> dict[str, datetime]:
        """Since when each column is sent that was not always."""
        return {name: step.since for step in self.evolves for name in step.columns}

    @model_validator(mode="after")
    def _holds_together(self) -> "Contract":
        self._check_sent_names()
        self._check_delta()
        if self.changes is not None and self.type != "change_feed":
            raise ValueError(f"changes has no effect on a {self.type}, only on a change_feed")
        if self.changes is not None:
            self.changes.check(self.columns)
        unknown = [name for name in self.evolving if name not in self.columns]
        if unknown:
            raise ValueError(f"evolves names {', '.join(unknown)}, which is not among the columns")
        if self.evolving and self.arrives.files in ("csv", "other"):
            raise ValueError(
                "evolves needs files of JSON or Parquet: the columns of others go by their place"
            )
        if self.late is not None and self.event_time is None:
            raise ValueError("late has no effect without `event_time`, the column from which it counts")
        for role, name in (("key", self.key), ("event_time", self.event_time), ("measure", self.measure)):
            if name is not None and name not in self.columns:
                raise ValueError(
                    f"{role} names {name!r}, which is not among the columns: {', '.join(self.columns)}"
                )
        return self

    def _check_delta(self) -> None:
        """Two changes of a key in one commit, its old row and its new one, are told apart by their turn alone."""
        if self.arrives.delta is None:
            return
        feed, sent = self.changes, self.sent_names
        named = [sent.get(name, name) for name in (feed.operation, *feed.order)] if feed is not None else []
        if named != [CHANGE_TYPE, COMMIT_VERSION, CHANGE_TURN]:
            raise ValueError(
                "arrives.delta needs `type: change_feed` and `changes` whose operation is the column with `sent_as: "
                f"{CHANGE_TYPE}`, and whose order are those with {COMMIT_VERSION} and {CHANGE_TURN}"
            )

    def _check_sent_names(self) -> None:
        senders: dict[str, str] = {}
        for name, spec in self.columns.items():
            if spec.sent_as is None:
                continue
            key = f"columns.{name}.sent_as"
            if spec.sent_as in self.columns and spec.sent_as != name:
                raise ValueError(f"{key} says {spec.sent_as!r}, which is the name of another column")
            if spec.sent_as in senders:
                raise ValueError(f"{key} says {spec.sent_as!r}, as that of {senders[spec.sent_as]} does")
            senders[spec.sent_as] = name


def read_model(file: Path, model: type[M], expected: str) -> M:
    """expected: what to say of a file that holds no mapping."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ContractError(f"{file}:1: not readable as YAML: it is no text in UTF-8") from None
    try:
        loader = Loader(text)
        tree = loader.get_single_node()
        raw = loader.construct_document(tree) if tree is not None else None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise ContractError(
            f"{file}:{line}: not readable as YAML: {getattr(error, 'problem', error)}"
        ) from None
    if not isinstance(raw, dict):
        raise ContractError(f"{file}:1: {expected}")
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise ContractError("\n".join(_explained(file, tree, model, error))) from None


def line_of(node: yaml.Node | None, place: Sequence[Any]) -> int:
    """Where a key, given by all the keys above it, stands in the file."""
    line = 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    line, node = key.start_mark.line + 1, value
                    break
            else:
                return line
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            return line
    return line


def _explained(
    file: Path, tree: yaml.Node | None, model: type[BaseModel], error: ValidationError
) -> Iterable[str]:
    for problem in error.errors():
        place = [part for part in problem["loc"] if isinstance(part, str | int)]
        where = ".".join(str(part) for part in place) or "contract"
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            message = f"unknown key; allowed: {', '.join(_allowed_keys(model, place))}"
        elif problem["type"] == "missing":
            message = "is missing"
        elif problem["type"] == "value_error":  # of a whole model, whose message begins with a key
            place += message.split()[0].split(".")
        yield f"{file}:{line_of(tree, place)}: {where}: {message}"


def _allowed_keys(top: type[BaseModel], place: list[Any]) -> list[str]:
    """The keys of the model that holds the unknown one."""
    model: Any = top
    for part in place[:-1]:
        field = getattr(model, "model_fields", {}).get(part) if isinstance(part, str) else None
        model = _model_in(field.annotation) if field is not None else model
    return sorted(model.model_fields) if hasattr(model, "model_fields") else []


def _model_in(annotation: Any) -> Any:
    """The first model named in a type such as `dict[str, Column]` or `Arrives | None`."""
    if hasattr(annotation, "model_fields"):
        return annotation
    inner = map(_model_in, getattr(annotation, "__args__", ()))
    return next((model for model in inner if model is not None), None)

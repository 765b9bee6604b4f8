"""What a domain's `alarms.yml` may say. Every rule has a default that follows from the sender's own limits and pace."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

from pydantic import Field, model_validator

from headrace.contracts.load import domain_folder
from headrace.contracts.model import Span, Strict, parse_span, read_model

Priority = Literal["low", "medium", "high"]
PRIORITIES: tuple[Priority, ...] = ("low", "medium", "high")
GoesTo = Literal["operator", "maintenance"]
"""Who is to do something: what the plant does is the operator's, what an instrument does is maintenance's."""


class SendersRule(Strict):
    """The silver table of those who send, and its columns."""

    table: str
    key: str = Field(description="Names the sender, in the followed table as well.")
    group: str = Field(description="What belongs together: what fails there has one cause.")
    console: str = Field(description="Where one operator sits: rates and floods are told of it.")
    kind: str | None = Field(None, description="Kind of sender, which `by_kind` refers to.")
    interval: str | float | None = Field(None, description="How often it sends, in seconds.")
    active: str | None = Field(None, description="Whether it is in service.")


class LimitColumns(Strict):
    """Columns of the senders' table, or a number for all senders; a null is no limit."""

    low_low: str | float | None = None
    low: str | float | None = None
    high: str | float | None = None
    high_high: str | float | None = None


class ValueRule(Strict):
    """One of several values in a row."""

    column: str
    limits: LimitColumns = LimitColumns()


class LimitPriorities(Strict):
    warning: Priority = "medium"
    critical: Priority = "high"


class LimitRule(Strict):
    enabled: bool = True
    deadband: float = Field(
        0.01,
        ge=0,
        lt=1,
        description="Share of the band between low and high; of one of them alone, of itself.",
    )
    on_delay: Span = parse_span("30 seconds")
    off_delay: Span = parse_span("1 minute")
    readings: int = Field(2, ge=1, description="A single reading is no violation, whatever its delay.")
    priority: LimitPriorities = LimitPriorities()
    goes_to: GoesTo = "operator"


class StuckRule(Strict):
    enabled: bool = True
    at_least: Span = parse_span("1 hour")
    chance: float = Field(
        1e-7,
        gt=0,
        lt=1,
        description="Of so many equal readings in a row, as often as this sender repeats one.",
    )
    least_readings: int = Field(5, ge=2)
    priority: Priority = "low"
    goes_to: GoesTo = "maintenance"


class SilentRule(Strict):
    enabled: bool = True
    intervals: float = Field(3.5, gt=1, description="Times the sender's usual interval.")
    at_least: Span = parse_span("5 minutes")
    priority: Priority = "low"
    goes_to: GoesTo = "maintenance"


class DriftRule(Strict):
    enabled: bool = True
    deviations: float = Field(7.0, gt=0, description="So many usual deviations from its level, over a day.")
    blocks: int = Field(2, ge=1, description="Blocks of six hours for which that must hold.")
    priority: Priority = "low"
    goes_to: GoesTo = "maintenance"


class FailingRule(Strict):
    """Of the defaults alone: a group holds all kinds."""

    enabled: bool = True
    deviations: float = Field(7.0, gt=0, description="So many usual deviations from how groups run.")
    blocks: int = Field(3, ge=1, description="Blocks of six hours for which that must hold.")
    priority: Priority = "high"
    goes_to: GoesTo = "operator"


class Detections(Strict):
    """The rules of one kind of sender."""

    limit: LimitRule = LimitRule()
    stuck: StuckRule = StuckRule()
    silent: SilentRule = SilentRule()
    drift: DriftRule = DriftRule()
    failing: FailingRule = FailingRule()


class FloodRule(Strict):
    """An operator takes about ten alarms in ten minutes; beyond that only the gravest are annunciated."""

    begins: int = Field(10, ge=1, description="More annunciations than this within the span begin a flood.")
    ends: int = Field(5, ge=0, description="Fewer alarms than this within the span end it.")
    within: Span = parse_span("10 minutes")
    lets_through: Priority = "high"

    @model_validator(mode="after")
    def _ends_below_its_beginning(self) -> "FloodRule":
        if self.ends > self.begins:
            raise ValueError("a flood ends below what begins it")
        return self


class CauseRule(Strict):
    within: Span = parse_span("10 minutes")


class ChatterRule(Strict):
    """An alarm that comes and goes is shelved by itself."""

    raises: int = Field(3, ge=2)
    within: Span = parse_span("1 hour")
    shelved_for: Span = parse_span("2 hours")


class Rules(Strict):
    source: str = Field(description="The silver table that is followed.")
    at: str
    value: str = Field("", description="The column of the value, where a row holds one.")
    values: dict[str, ValueRule] = Field(
        {},
        description="Where a row holds several: each by its name, which is its kind. Its sender is named `key/name`.",
    )
    senders: SendersRule
    names: dict[str, str] = Field(
        {},
        description="Where groups and consoles have their names: by the senders' column of either, which the other "
        "table has as well, the table.column of the name.",
    )
    limits: LimitColumns = LimitColumns()
    defaults: Detections = Detections()
    by_kind: dict[str, Detections] = {}
    flood: FloodRule = FloodRule()
    cause: CauseRule = CauseRule()
    chatter: ChatterRule = ChatterRule()
    longest_shelving: Span = parse_span("1 day")
    returned_lapses_after: Span = parse_span("12 hours")

    @model_validator(mode="before")
    @classmethod
    def _kinds_begin_with_the_defaults(cls, raw: Any) -> Any:
        if not isinstance(raw, dict) or not isinstance(raw.get("by_kind"), dict):
            return raw
        defaults = raw.get("defaults") or {}
        return raw | {"by_kind": {name: _merged(defaults, own) for name, own in raw["by_kind"].items()}}

    @model_validator(mode="after")
    def _a_row_holds_one_value_or_several(self) -> "Rules":
        if bool(self.value) == bool(self.values):
            raise ValueError("say `value` where a row holds one, `values` where it holds several")
        return self

    @property
    def values_of_a_row(self) -> dict[str, ValueRule]:
        """By name; the only one has none."""
        return self.values or {"": ValueRule(column=self.value, limits=self.limits)}

    @property
    def columns_read(self) -> list[str]:
        """Of the followed table."""
        return [self.senders.key, self.at, *(each.column for each in self.values_of_a_row.values())]

    def of(self, kind: str) -> Detections:
        return self.by_kind.get(kind, self.defaults)

    def columns_named(self) -> dict[str, list[str]]:
        """The columns that must be there, by table."""
        rules = (self.senders, *(each.limits for each in self.values_of_a_row.values()))
        of_senders = [column for rule in rules for column in rule.model_dump(exclude={"table"}).values()]
        return {
            self.source: self.columns_read,
            self.senders.table: [column for column in of_senders if isinstance(column, str)],
        }


def _merged(below: Any, above: Any) -> Any:
    if not isinstance(below, Mapping) or not isinstance(above, Mapping):
        return above
    return {**below, **{name: _merged(below.get(name), own) for name, own in above.items()}}


@cache
def load_rules(domain: str, name: str = "alarms.yml") -> Rules | None:
    """None where the domain's folder has no such file."""
    file = domain_folder(domain) / name
    return read_model(file, Rules, "rules of alarms begin with `source:`") if file.exists() else None

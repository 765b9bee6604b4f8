"""Who sends: everything known of each by its code, a number that it keeps.

Codes are given in the order in which senders appear, so what a detector keeps stays where it is.
"""

from collections.abc import Callable, Iterable, Mapping
from types import CodeType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from headrace.alarms.rules import Detections, Rules
from headrace.lake.paths import as_s3

LIMITS = ("low_low", "low", "high", "high_high")
NAMES = ("ids", "groups", "consoles", "kinds")
KNOWN_OF_EACH = ("group", "console", "kind", "interval", "is_active", "limits")
CURRENT = "is_current"
FEW = 0.5


class Names:
    """Texts and their codes."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._codes = {name: code for code, name in enumerate(known)}
        self.names = list(self._codes)

    def __len__(self) -> int:
        return len(self.names)

    def codes(self, names: Iterable[str | None]) -> np.ndarray:
        """New ones get the next codes; of none, -1."""
        known, found = self._codes, []
        for name in names:
            code = -1 if name is None else known.get(name, len(known))
            if code == len(known):
                known[name] = code  # type: ignore[index]
                self.names.append(name)  # type: ignore[arg-type]
            found.append(code)
        return np.array(found, dtype=np.int32)


class Senders:
    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._settings: dict[CodeType, np.ndarray] = {}
        self._names = pa.array([], pa.string())
        self.ids, self.groups, self.consoles, self.kinds = Names(), Names(), Names(), Names()
        self.group = self.console = self.kind = np.empty(0, np.int32)
        self.interval = np.empty(0)
        self.is_active = np.empty(0, np.bool_)
        self.limits = np.empty((4, 0))
        """One row each of low_low, low, high and high_high."""
        self.console_of_group = np.empty(0, np.int32)

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, table: pa.Table) -> None:
        """The current rows of the senders' table: limits change, others appear; who is no longer named stays."""
        named, limits = self.rules.senders, self.rules.limits
        codes = self.ids.codes(table[named.key].to_pylist())
        self._fit()
        self.group[codes] = self.groups.codes(table[named.group].to_pylist())
        self.console[codes] = self.consoles.codes(table[named.console].to_pylist())
        self.kind[codes] = self.kinds.codes(table[named.kind].to_pylist())
        self.interval[codes] = _numbers(table, named.interval)
        self.is_active[codes] = table[named.active].to_numpy() != False if named.active else True  # noqa: E712
        self._settings.clear()
        for place, name in enumerate(LIMITS):
            self.limits[place, codes] = _numbers(table, getattr(limits, name))
        self._place_groups()

    def codes(self, ids: pa.ChunkedArray) -> np.ndarray:
        """The code of each row's sender; one that the senders' table does not name has no limits."""
        if len(ids) < len(self.ids) * FEW:  # few rows: only their ids are looked up
            named = ids.combine_chunks().dictionary_encode()
            codes = self.ids.codes(named.dictionary.to_pylist())
            self._fit()
            few: np.ndarray = codes[named.indices.to_numpy()]
            return few
        found = pc.index_in(ids, value_set=self._known())
        if found.null_count:
            self.ids.codes(pc.unique(ids.filter(pc.is_null(found))).to_pylist())
            self._fit()
            found = pc.index_in(ids, value_set=self._known())
        every: np.ndarray = found.to_numpy()
        return every

    def _known(self) -> pa.Array:
        if len(self._names) != len(self.ids):
            self._names = pa.array(self.ids.names, pa.string())
        return self._names

    def members(self, group: int) -> np.ndarray:
        return np.flatnonzero(self.group == group)

    def setting(self, of: Callable[[Detections], Any]) -> np.ndarray:
        """One setting of the rules for each sender, by its kind; a span of time in microseconds. Arrays until senders
        change, by the text of the function: it may close over nothing."""
        found = self._settings.get(of.__code__)
        if found is None:
            by_kind = [_plain(of(self.rules.of(kind))) for kind in self.kinds.names]
            found = np.array([*by_kind, _plain(of(self.rules.defaults))])[self.kind]
            self._settings[of.__code__] = found
        return found

    def state(self) -> dict[str, np.ndarray]:
        told = {name: _bytes(getattr(self, name)) for name in NAMES}
        return told | {name: getattr(self, name) for name in KNOWN_OF_EACH}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Codes as they were, and whatever was known of those that the senders' table no longer names."""
        for name in NAMES:
            setattr(self, name, Names(each.decode() for each in state.get(name, ())))
        for name in KNOWN_OF_EACH:
            if name in state:
                setattr(self, name, np.array(state[name]))
        self._settings.clear()
        self._fit()
        self._place_groups()

    def _fit(self) -> None:
        more = len(self.ids) - len(self.group)
        if more <= 0:
            return
        self._settings.clear()
        unknown = np.full(more, -1, np.int32)
        self.group, self.console = np.append(self.group, unknown), np.append(self.console, unknown)
        self.kind = np.append(self.kind, unknown)
        self.interval = np.append(self.interval, np.full(more, np.nan))
        self.is_active = np.append(self.is_active, np.ones(more, np.bool_))
        self.limits = np.concatenate([self.limits, np.full((4, more), np.nan)], axis=1)

    def _place_groups(self) -> None:
        self.console_of_group = np.full(len(self.groups), -1, np.int32)
        known = self.group >= 0
        self.console_of_group[self.group[known]] = self.console[known]


def current_senders(path: str, version: int, rules: Rules) -> pa.Table:
    """The rows of a version of the senders' table that hold now, always in the same order."""
    table = DeltaTable(as_s3(path), version=version)
    named = rules.senders
    wanted = (named.key, named.group, named.console, named.kind, named.interval, named.active)
    limits = (getattr(rules.limits, name) for name in LIMITS)
    columns = list(dict.fromkeys(column for column in (*wanted, *limits) if column))
    has_history = CURRENT in {field.name for field in table.schema().fields}
    rows = table.to_pyarrow_table(columns=[*columns, CURRENT] if has_history else columns)
    if has_history:  # not asked of deltalake: of a boolean without bounds it finds no row
        rows = rows.filter(rows[CURRENT])
    return rows.sort_by(named.key)


def _numbers(table: pa.Table, column: str | None) -> np.ndarray:
    if column is None:
        return np.full(len(table), np.nan)
    found: np.ndarray = pc.fill_null(table[column].cast(pa.float64()), np.nan).to_numpy()
    return found


def _bytes(names: Names) -> np.ndarray:
    return np.array([name.encode() for name in names.names], dtype=np.bytes_)


def _plain(setting: Any) -> Any:
    return setting.total_seconds() * 1e6 if hasattr(setting, "total_seconds") else setting

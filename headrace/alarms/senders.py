"""Who sends: everything known of each by its code, a number that it keeps.

Codes are given in the order in which senders appear, so the arrays of detectors stay in place.
"""

from collections.abc import Callable, Iterable, Mapping
from types import CodeType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.alarms.rules import Detections, LimitColumns, Rules

NAMES = ("ids", "groups", "consoles", "kinds")
FEW = 0.5
SEPARATOR = "/"
UNKNOWN = {"group": -1, "console": -1, "kind": -1, "interval": np.nan, "is_active": True, "limits": np.nan}


class Names:
    """Texts and their codes."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._codes = {name: code for code, name in enumerate(known)}
        self.names = list(self._codes)

    def __len__(self) -> int:
        return len(self.names)

    def codes(self, names: Iterable[str | None]) -> np.ndarray:
        """New ones get the next codes; of none, -1."""
        known = self._codes
        codes = [-1 if name is None else known.setdefault(name, len(known)) for name in names]
        if len(known) > len(self.names):
            self.names = list(known)
        return np.array(codes, dtype=np.int32)

    def name(self, code: int) -> str | None:
        return self.names[code] if code >= 0 else None


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

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, table: pa.Table) -> None:
        """The current rows of the senders' table: limits change, others appear; who is no longer named stays."""
        named = self.rules.senders
        for value, rule in self.rules.values_of_a_row.items():
            codes = self.ids.codes(sender_ids(table[named.key], value).to_pylist())
            self._fit()
            self.group[codes] = self.groups.codes(table[named.group].to_pylist())
            self.console[codes] = self.consoles.codes(table[named.console].to_pylist())
            kinds = table[named.kind].to_pylist() if named.kind else [value or None] * len(table)
            self.kind[codes] = self.kinds.codes(kinds)
            self.interval[codes] = _numbers(table, named.interval)
            self.is_active[codes] = table[named.active].to_numpy() != False if named.active else True  # noqa: E712
            for place, name in enumerate(LimitColumns.model_fields):
                self.limits[place, codes] = _numbers(table, getattr(rule.limits, name))
        self._settings.clear()

    def codes(self, ids: pa.ChunkedArray) -> np.ndarray:
        """The code of each row's sender; one that the senders' table does not name has no limits."""
        if len(ids) < len(self.ids) * FEW:  # few rows: only their ids are looked up
            named = ids.combine_chunks().dictionary_encode()
            codes = self.ids.codes(named.dictionary.to_pylist())
            self._fit()
            return np.asarray(codes[named.indices.to_numpy()])
        found = pc.index_in(ids, value_set=self._known())  # four times as fast as a dictionary of many rows
        if found.null_count:
            self.ids.codes(pc.unique(ids.filter(pc.is_null(found))).to_pylist())
            self._fit()
            found = pc.index_in(ids, value_set=self._known())
        return np.asarray(found.to_numpy())

    def _known(self) -> pa.Array:
        if len(self._names) != len(self.ids):
            self._names = pa.array(self.ids.names, pa.string())
        return self._names

    def setting(self, of: Callable[[Detections], Any]) -> np.ndarray:
        """One setting of the rules for each sender, by its kind; a span of time in microseconds. Arrays until senders
        change, by the text of the function: it may close over nothing."""
        setting = self._settings.get(of.__code__)
        if setting is None:
            every = [of(self.rules.of(kind)) for kind in self.kinds.names] + [of(self.rules.defaults)]
            plain = [each.total_seconds() * 1e6 if hasattr(each, "total_seconds") else each for each in every]
            setting = self._settings[of.__code__] = np.array(plain)[self.kind]  # kind -1 is the last one
        return setting

    def state(self) -> dict[str, np.ndarray]:
        names = {name: [each.encode() for each in getattr(self, name).names] for name in NAMES}
        encoded = {name: np.array(each, dtype=np.bytes_) for name, each in names.items()}
        return encoded | {name: getattr(self, name) for name in UNKNOWN}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Codes as they were, and what was known of senders that their table no longer names."""
        for name in NAMES:
            setattr(self, name, Names(each.decode() for each in state[name]))
        for name in UNKNOWN:
            setattr(self, name, np.array(state[name]))
        self._settings.clear()

    def _fit(self) -> None:
        more = len(self.ids) - len(self.group)
        if more <= 0:
            return
        self._settings.clear()
        for name, unknown in UNKNOWN.items():
            known = getattr(self, name)
            new = np.full((*known.shape[:-1], more), unknown, known.dtype)
            setattr(self, name, np.append(known, new, axis=-1))


def sender_ids(keys: pa.ChunkedArray, value: str) -> pa.ChunkedArray:
    """The names of those who send a value of each row: its key, and the value's name where the row holds several."""
    keys = keys.cast(pa.string())
    return pc.binary_join_element_wise(keys, value, SEPARATOR) if value else keys


def row_keys(subjects: pa.ChunkedArray, rules: Rules) -> pa.ChunkedArray:
    """The keys of the rows that senders' names were made from."""
    return (
        pc.replace_substring_regex(subjects, f"{SEPARATOR}[^{SEPARATOR}]*$", "") if rules.values else subjects
    )


def _numbers(table: pa.Table, column: str | float | None) -> np.ndarray:
    if not isinstance(column, str):
        return np.full(len(table), np.nan if column is None else column)
    return np.asarray(pc.fill_null(table[column].cast(pa.float64()), np.nan).to_numpy())

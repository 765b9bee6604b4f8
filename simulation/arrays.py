"""Columns as arrays, of NumPy or Arrow. NaN and NaT are nulls, as is None among texts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Array = np.ndarray
Columns = Mapping[str, Any]


class Arrays:
    """A dataclass of arrays of one length."""

    def where(self, places: Array) -> Self:
        return type(self)(*(values[places] for values in vars(self).values()))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        names, none = cls.__dataclass_fields__, np.empty(0, np.int64)  # type: ignore[attr-defined]
        return cls(*(np.concatenate([getattr(part, name) for part in parts] or [none]) for name in names))


class Gathered(Mapping[str, Any]):
    """Some rows of columns, by their places; a column is gathered when it is asked for."""

    def __init__(self, columns: Columns, places: Array) -> None:
        self._columns, self._places = columns, places

    def __getitem__(self, name: str) -> Any:
        return gathered(self._columns[name], self._places)

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


def gathered(values: Any, places: Array) -> Any:
    return values[places] if isinstance(values, np.ndarray) else values.take(pa.array(places))


def repeated(lengths: Array) -> tuple[Array, Array]:
    """Each place as often as its length says, and a count from 0 within it."""
    places = np.repeat(np.arange(len(lengths)), lengths)
    return places, np.arange(len(places)) - np.repeat(np.cumsum(lengths) - lengths, lengths)


def instants(micros: Array) -> Array:
    return micros.astype("datetime64[us]")


def ids(before: str, number: Array, digits: int = 1, after: str = "") -> pa.Array:
    """Texts such as UNIT-00012; a larger number takes more digits."""
    number = np.asarray(number, np.int64)
    low, high = (int(number.min()), int(number.max())) if len(number) else (0, -1)
    if high - low < 4 * len(number):  # of a small span each is written once
        written = pa.array(
            [f"{before}{each:0{digits}d}{after}" for each in range(low, high + 1)], pa.string()
        )
        return written.take(pa.array(number - low))
    figures = pc.ascii_lpad(pa.array(number).cast(pa.string()), digits, "0")
    return pc.binary_join_element_wise(before, figures, after, "")


def numbers_joined(before: str, *numbers: Array) -> pa.Array:
    """Texts such as OUT-12-35064."""
    figures = [pa.array(np.asarray(number, np.int64)).cast(pa.string()) for number in numbers]
    return pc.binary_join_element_wise(before, *figures, "-")


def as_texts(values: pa.Array) -> Array:
    """As NumPy chooses among them."""
    return np.array(values.to_pylist(), object)

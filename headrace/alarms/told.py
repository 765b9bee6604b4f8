"""Edges of all detectors, one by one in the order of their time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from headrace.alarms.edges import Detector, Edges


@dataclass(frozen=True)
class Told:
    kind: str
    code: int
    is_group: bool
    at: int
    is_on: bool
    severity: int
    value: float
    limit: float
    since: int


def in_order(found: Sequence[tuple[Detector, Edges]]) -> Iterator[Told]:
    """Of the same instant, those of the detector that is named first."""
    edges = Edges.joined([each for _, each in found])
    ranks = np.concatenate(
        [np.full(len(each), rank) for rank, (_, each) in enumerate(found)] or [np.empty(0)]
    )
    for place in np.lexsort((np.arange(len(edges)), ranks, edges.at)).tolist():
        detector = found[int(ranks[place])][0]
        yield Told(
            detector.kind,
            int(edges.subject[place]),
            detector.of == "group",
            int(edges.at[place]),
            bool(edges.is_on[place]),
            int(edges.severity[place]),
            float(edges.value[place]),
            float(edges.limit[place]),
            int(edges.since[place]),
        )

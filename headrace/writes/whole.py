"""Whole: a gold table small enough to be made again when anything upstream changed."""

from headrace.tables import Whole
from headrace.writes.way import GoldWay


class WholeWay(GoldWay[Whole]):
    @property
    def sentence(self) -> str:
        return "made again when anything upstream changed"


WAY = WholeWay

"""What runs on a cluster, under one handful of verbs, whoever's cluster it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from headrace.engines.package import Package

State = Literal["waiting", "running", "done", "failed", "cancelled"]
LINES_TOLD = 40


@dataclass(frozen=True)
class Program:
    """What is to be run: the entry of a package, given its words, beside the package's archives.

    stands: whether it goes on until it is stopped.
    """

    name: str
    words: Sequence[str]
    package: Package
    stands: bool = False


@dataclass(frozen=True)
class Look:
    """may_pass: whether a step that failed without a word of its own is worth a second try."""

    state: State
    said: str = ""
    may_pass: bool = True

    @property
    def is_over(self) -> bool:
        return self.state in ("done", "failed", "cancelled")

    def __str__(self) -> str:
        return f"{self.state} {self.said}".strip()


class Steps(Protocol):
    def start(self, program: Program) -> str:
        """Its id."""

    def look(self, step: str) -> Look: ...

    def cancel(self, step: str) -> None: ...

    def last_words(self, step: str) -> str:
        """The end of what it said on its way, or where that will lie; empty where nothing is known."""

    def link(self, step: str) -> str:
        """Where a person sees it."""

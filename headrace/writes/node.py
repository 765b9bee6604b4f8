"""A silver or gold table as its module declares it: the function, the shape, and the tables that it is made from."""

import ast
import hashlib
import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pyspark.sql import DataFrame

from headrace.tables import Table

AS_OF = "as_of"


@dataclass(frozen=True, order=True)
class Ref:
    layer: str
    name: str

    def __str__(self) -> str:
        return f"{self.layer}.{self.name}"


@dataclass(frozen=True)
class Node:
    """One silver or gold table: its module, its shape, what it is made from, and the function that makes it, where
    that is not the business of its way of writing."""

    ref: Ref
    table: Table
    module: str
    function: Callable[..., DataFrame] | None
    arguments: tuple[str, ...]
    upstream: Mapping[str, Ref]

    @property
    def name(self) -> str:
        return self.ref.name

    @cached_property
    def fingerprint(self) -> str:
        """Changes when the text of its module does, or of those it takes from its own domain: changed code
        is not taken for nothing new."""
        texts = _texts_behind(self.module, {})
        return hashlib.sha256("".join(texts[name] for name in sorted(texts)).encode()).hexdigest()[:16]

    @property
    def description(self) -> str:
        """What the table is, in the words above its module."""
        return (inspect.getdoc(importlib.import_module(self.module)) or self.table.description).strip()

    @property
    def first(self) -> Ref:
        """The table whose rows become its own."""
        return self.upstream[self.arguments[0]]

    def call(self, frames: Mapping[str, Any]) -> DataFrame:
        assert self.function is not None, f"{self.ref} is made by no function"
        return self.function(**{name: frames[name] for name in self.arguments})


def _texts_behind(module: str, known: dict[str, str]) -> dict[str, str]:
    """The text of a module and of all it imports from the same package, by name."""
    if module in known:
        return known
    known[module] = inspect.getsource(importlib.import_module(module))
    for statement in ast.walk(ast.parse(known[module])):
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith("domains."):
            _texts_behind(str(statement.module), known)
    return known

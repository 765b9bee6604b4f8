"""Patches of moto: a function of ours in the place of its own, or where it has none."""

from collections.abc import Callable
from typing import Any

Operation = Callable[..., Any]


def closes(where: type, gap: str) -> Callable[[Operation], Operation]:  # noqa: ARG001 - `gap` is for who reads it
    """Puts an operation into a class of moto under its own name."""

    def put(operation: Operation) -> Operation:
        setattr(where, operation.__name__, operation)
        return operation

    return put


def continues(where: type, gap: str) -> Callable[[Operation], Operation]:  # noqa: ARG001
    """Goes on from what moto does: the operation is given what was there before as its first argument."""

    def put(operation: Operation) -> Operation:
        before = getattr(where, operation.__name__)

        def both(self: Any, *args: Any, **kwargs: Any) -> Any:
            return operation(before, self, *args, **kwargs)

        setattr(where, operation.__name__, both)
        return operation

    return put

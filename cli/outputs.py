"""Standard output and error whose reader may leave, as in `headrace receipt | head`."""

import io
import os
import sys
from typing import Any


class Output(io.FileIO):
    """A descriptor that drops what is written after its reader has left: the command ends as it would have."""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        try:
            return super().write(data)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return len(data)


def text_to(output: Output, **how: Any) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedWriter(output), **how)


def outlive_readers() -> None:
    """Puts such outputs in the place of this process's own, where it has any."""
    for name in ("stdout", "stderr"):
        if isinstance(given := getattr(sys, name), io.TextIOWrapper):
            same = ("encoding", "errors", "line_buffering", "write_through")
            output = Output(given.fileno(), "w", closefd=False)
            setattr(sys, name, text_to(output, **{each: getattr(given, each) for each in same}))

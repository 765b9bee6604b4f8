"""What was done and how long each part took, told while it goes on."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table


@dataclass
class Part:
    """`found`: what a person would want to know of it."""

    name: str
    seconds: float = 0.0
    found: list[str] = field(default_factory=list)

    def found_out(self, what: str) -> None:
        self.found.append(what)


@dataclass
class Programme:
    screen: Console
    parts: list[Part] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    @contextmanager
    def part(self, name: str) -> Iterator[Part]:
        part, began = Part(name), time.monotonic()
        self.parts.append(part)
        if not self.screen.is_terminal:
            self.screen.print(f"going {name}", soft_wrap=True)
        with self.screen.status(f"{name} …"):
            try:
                yield part
            except BaseException:
                self.screen.print(f"[red]not done[/] {name}, after {time.monotonic() - began:.0f} s")
                raise
            finally:
                part.seconds = time.monotonic() - began
        self.screen.print(f"[green]done[/] {name} [dim]{part.seconds:.0f} s[/]", soft_wrap=True)
        for line in part.found:
            self.screen.print(f"     {line}", soft_wrap=True, markup=False)

    def show(self) -> None:
        table = Table("part", box=None, pad_edge=False, title="What it took", title_justify="left")
        table.add_column("seconds", justify="right")
        for part in self.parts:
            table.add_row(part.name, f"{part.seconds:.0f}")
        whole = time.monotonic() - self.began
        table.add_row("[bold]in all[/]", f"[bold]{whole:.0f}[/]")
        self.screen.print("", table, sep="\n")

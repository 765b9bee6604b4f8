"""Runs a command of ours as a user would, and watches how long it takes and how much memory it holds."""

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil


@dataclass(frozen=True)
class Ran:
    seconds: float
    peak_bytes: int
    said: Any


def headrace(home: Path, *arguments: str) -> Ran:
    """One `headrace … --json` with a home of its own; its failure is ours."""
    command = [str(Path(sys.executable).with_name("headrace")), *arguments, "--json"]
    log = home.with_suffix(".log")
    log.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with log.open("a") as err:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=err,
            text=True,
            env=os.environ | {"HEADRACE_HOME": str(home)},
        )
        peak = _Peak(process.pid)
        said, _ = process.communicate()
        held = peak.stop()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}; see {log}")
    return Ran(time.monotonic() - began, held, json.loads(said) if said.strip() else None)


class _Peak:
    """The most memory that a process and its children held at once, asked twice a second."""

    def __init__(self, pid: int) -> None:
        self._process, self._most, self._done = psutil.Process(pid), 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._done.wait(0.5):
            try:
                family = [self._process, *self._process.children(recursive=True)]
                self._most = max(self._most, sum(_held(member) for member in family))
            except psutil.NoSuchProcess:
                return

    def stop(self) -> int:
        self._done.set()
        self._thread.join()
        return self._most


def _held(process: psutil.Process) -> int:
    """Shared pages count by the share of each, so that forked workers are not counted many times over."""
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0

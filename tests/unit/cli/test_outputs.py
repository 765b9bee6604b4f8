"""Readers that leave, as `head` does once it has enough: real pipes with nobody at their other end."""

import os
import subprocess
import sys

import pytest

COMMANDS = [
    "--help",
    "refine --help",
    "query",
    "query --json",
    "size refinery",
    "size refinery --json",
    "cost refinery --json",
    "doctor",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_whose_reader_has_left_ends_as_it_would_have(command: str) -> None:
    heard = _run(command, stdout=subprocess.PIPE)
    unheard = _run(command, stdout=_unread())
    assert unheard.returncode == heard.returncode
    assert unheard.stderr == heard.stderr
    assert heard.stdout


def test_so_does_one_whose_complaints_nobody_reads() -> None:
    nowhere = _unread()
    assert _run("size nowhere", stdout=nowhere, stderr=nowhere).returncode == 2


def test_what_is_read_before_the_reader_leaves_is_there() -> None:
    told = f"{sys.executable} -m cli.main query --json | head -n 1; exit ${{PIPESTATUS[0]}}"
    ran = subprocess.run(["bash", "-c", told], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "{\n", "")


def _unread() -> int:
    reader, writer = os.pipe()
    os.close(reader)
    return writer


def _run(command: str, *, stdout: int, stderr: int = subprocess.PIPE) -> "subprocess.CompletedProcess[str]":
    try:
        words = [sys.executable, "-m", "cli.main", *command.split()]
        return subprocess.run(words, stdout=stdout, stderr=stderr, text=True)
    finally:
        for each in {stdout, stderr} - {subprocess.PIPE}:
            os.close(each)

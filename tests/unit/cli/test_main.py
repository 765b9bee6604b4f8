import os
import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from cli.main import app
from headrace.errors import UsageError
from rehearsal.kafka import free_port

runner = CliRunner()


def test_help_answers_without_importing_the_library():
    heavy = "('pyspark', 'pydantic', 'prefect', 'boto3', 'yaml')"
    code = f"import sys, cli.main; print([name for name in {heavy} if name in sys.modules])"

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert said.strip() == "[]"


def test_only_the_first_start_compiles_where_python_is_told_to_write_no_byte_code(tmp_path):
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": str(tmp_path)}

    def compiled():
        words = [sys.executable, "-v", "-m", "cli.main", "receipt", "--help"]
        said = subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stderr
        return set(re.findall(r"# code object from /.*/((?:cli|typer)/\w+)\.py$", said, flags=re.MULTILINE))

    assert {"cli/main", "cli/receipt", "typer/core"} <= compiled()
    assert compiled() == {"cli/__init__"}  # Python learns there that it may write


def test_unknown_options_exit_with_2():
    assert runner.invoke(app, ["size", "--no-such-option"]).exit_code == 2


@pytest.mark.parametrize(
    "line",
    ["query --limit 5 --limit 10", "refine --as-of 2024-01-02 --as-of 2024-01-03", "runs --last 1 --last=2"],
)
def test_an_option_that_holds_one_value_is_refused_when_it_is_given_several(line):
    said = runner.invoke(app, line.split())

    assert said.exit_code == 2
    assert f"{line.split()[1]}: given 2 times, and it holds one value" in re.sub(
        r"[\s│]+", " ", said.output
    ).replace("'", "")


@pytest.mark.parametrize(
    "line", ["ls refinery --layers bronze --layers gold --json", "ls refinery --json --json"]
)
def test_lists_and_switches_may_be_repeated(line):
    assert runner.invoke(app, line.split()).exit_code == 0


def test_without_a_command_it_explains_itself():
    said = runner.invoke(app, [])

    assert "generate" in said.output
    assert "doctor" in said.output


@pytest.mark.parametrize(
    ("words", "option"),
    [
        ("alarms shelve A1 --for 0s", "--for"),
        ("produce --to files --every 0s", "--every"),
        ("produce --for 0m", "--for"),
        ("demo-live --for 0s", "--for"),
    ],
)
def test_a_span_of_no_time_is_a_usage_error_that_names_its_option(words, option):
    said = runner.invoke(app, words.split())

    assert said.exit_code == 2
    assert f"Invalid value for '{option}'" in said.output


def test_a_broker_s_folder_that_cannot_be_is_a_usage_error_that_names_its_option(home):
    (home / "file").touch()
    for folder in ("/proc/x", str(home / "file" / "x")):
        said = runner.invoke(app, ["kafka", "up", "--home", folder, "--port", str(free_port())])

        assert isinstance(said.exception, UsageError)
        assert "--home" in str(said.exception)

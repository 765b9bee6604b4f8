import subprocess
import sys

from typer.testing import CliRunner

from cli.main import app

runner = CliRunner()


def test_help_answers_without_importing_the_library():
    heavy = "('pyspark', 'pydantic', 'prefect', 'boto3', 'yaml')"
    code = f"import sys, cli.main; print([name for name in {heavy} if name in sys.modules])"

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert said.strip() == "[]"


def test_unknown_options_exit_with_2():
    assert runner.invoke(app, ["size", "--no-such-option"]).exit_code == 2


def test_without_a_command_it_explains_itself():
    said = runner.invoke(app, [])

    assert "generate" in said.output
    assert "doctor" in said.output

import errno
import socket

import pytest
from py4j.java_gateway import GatewayParameters, JavaGateway
from py4j.protocol import Py4JNetworkError

import domains
from cli.error_output import guarded
from cli.main import app
from headrace.errors import Busy, Transient, UnknownName, cause_to_act_on, may_pass
from headrace.settings import get_settings


def raising(error: BaseException):
    def command() -> None:
        raise error

    return command


def test_a_mistake_shows_its_message_and_no_traceback(capsys):
    code = guarded(raising(UnknownName("table", "tankz", ["tanks"])))

    said = capsys.readouterr().err
    assert code == 2
    assert said == "error: there is no table named 'tankz'; did you mean tanks? Known: tanks\n"


def test_brackets_in_a_message_are_shown_as_they_are(capsys):
    guarded(raising(Busy("held by [bold]me[/]")))

    assert "[bold]me[/]" in capsys.readouterr().err


def test_other_errors_exit_with_1(capsys):
    assert guarded(raising(Busy("held"))) == 1


def test_a_bug_leaves_its_traceback_in_a_log_file(capsys, home):
    code = guarded(raising(ZeroDivisionError("by nought")))

    said = capsys.readouterr().err
    (log,) = (home / "errors").glob("*.log")
    assert code == 1
    assert "Traceback" not in said
    assert "ZeroDivisionError: by nought" in said
    assert "Traceback" in log.read_text()


def test_ctrl_c_is_clean(capsys):
    assert guarded(raising(KeyboardInterrupt())) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_a_broken_setting_is_named_with_its_variable(capsys, monkeypatch):
    monkeypatch.setenv("HEADRACE_CORES", "many")

    code = guarded(get_settings.__wrapped__)

    assert code == 2
    assert "HEADRACE_CORES=many" in capsys.readouterr().err


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        RuntimeError(
            "An error occurred while calling o45.save.\n: java.io.IOException: No space left on device"
        ),
    ],
)
def test_a_full_disk_is_one_clear_sentence(capsys, home, error):
    code = guarded(raising(error))

    said = " ".join(capsys.readouterr().err.split())
    assert code == 1
    assert said.startswith("error: the disk is full.")
    assert "make room" in said
    assert not (home / "errors").exists()


def test_a_full_disk_behind_another_error_is_found(capsys):
    def command() -> None:
        try:
            raise OSError(errno.ENOSPC, "full")
        except OSError as error:
            raise RuntimeError("could not save") from error

    guarded(command)

    assert capsys.readouterr().err.startswith("error: the disk is full.")


def test_a_spark_that_ran_out_of_memory_is_one_clear_sentence(capsys):
    assert guarded(raising(Py4JNetworkError("Answer from Java side is empty"))) == 1

    said = " ".join(capsys.readouterr().err.split())
    assert said.startswith("error: Spark's process ended")
    assert "HEADRACE_MEMORY" in said


def test_a_spark_that_is_no_longer_there_is_worth_another_try():
    """Py4J says so in two ways, whichever of its threads asks first."""
    nobody = socket.create_server(("127.0.0.1", 0))
    port = nobody.getsockname()[1]
    nobody.close()
    with pytest.raises(Exception) as refused:  # noqa: PT011 - whatever it raises
        JavaGateway(gateway_parameters=GatewayParameters(port=port)).jvm.System.gc()

    for error in (refused.value, Py4JNetworkError("Answer from Java side is empty")):
        found = cause_to_act_on(error)
        assert isinstance(found, Transient)
        assert may_pass(found)


def test_a_connection_that_another_library_was_refused_is_not_sparks():
    with pytest.raises(ConnectionRefusedError) as refused:
        socket.create_connection(("127.0.0.1", 1))
    assert cause_to_act_on(refused.value) is None


def test_a_log_that_cannot_be_written_at_home_goes_to_the_temporary_folder(capsys, home, monkeypatch):
    (home / "errors").write_text("in the way")
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(home / "tmp"))

    assert guarded(raising(ZeroDivisionError("by nought"))) == 1

    (log,) = (home / "tmp" / "headrace-errors").glob("*.log")
    assert "Traceback" in log.read_text()


def test_a_log_that_cannot_be_written_anywhere_is_shown(capsys, home, monkeypatch):
    (home / "errors").write_text("in the way")
    (home / "headrace-errors").write_text("in the way")
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(home))

    assert guarded(raising(ZeroDivisionError("by nought"))) == 1

    assert "Traceback" in capsys.readouterr().err


def test_an_error_of_the_jvm_is_told_by_its_cause_and_where_it_was(capsys):
    error = RuntimeError("An error occurred while calling o45.save.\n: java.lang.IllegalStateException: odd")
    error.add_note("while refining bronze.pumps")

    guarded(raising(error))

    said = " ".join(capsys.readouterr().err.split())
    assert "RuntimeError: java.lang.IllegalStateException: odd (while refining bronze.pumps)" in said


def test_a_command_over_a_broken_contract_names_file_and_line_and_exits_with_2(capsys, monkeypatch, tmp_path):
    folder = tmp_path / "works" / "contracts"
    folder.mkdir(parents=True)
    (folder / "tanks.yml").write_text("table: tanks\ntype: dimension\ncolumns: {id: text}\n")
    monkeypatch.setattr(domains, "__path__", [*domains.__path__, str(tmp_path)])

    code = guarded(lambda: app(["receipt", "works"]))

    said = "".join(capsys.readouterr().err.split())
    assert code == 2
    assert "tanks.yml:3:columns.id.type:" in said
    assert "Traceback" not in said

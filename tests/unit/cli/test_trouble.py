from cli.trouble import guarded
from headrace.errors import Busy, UnknownName
from headrace.settings import Settings


def raising(error: BaseException):
    def command() -> None:
        raise error

    return command


def test_a_mistake_shows_its_message_and_no_traceback(capsys):
    code = guarded(raising(UnknownName("table", "tankz", ["tanks"])))

    said = capsys.readouterr().err
    assert code == 2
    assert said == "error: there is no table named 'tankz'; known: tanks\n"


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

    code = guarded(lambda: Settings(_env_file=None))

    assert code == 2
    assert "HEADRACE_CORES=many" in capsys.readouterr().err

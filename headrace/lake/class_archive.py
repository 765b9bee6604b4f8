"""Java's classes as Spark uses them, read and checked once: mapped from a file, a session starts in half the time.

Java takes such an archive only with the jars that it was made of, so its name is made of them. Without a fitting one
all goes on as ever, only slower.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyspark

from headrace.errors import HeadraceError
from headrace.lake.jars import JarSet, folder_of, jar_sets
from headrace.lake.java import COMPILES_LITTLE, java_program
from headrace.settings import Settings, as_environment

SAY_NOTHING = "-Xlog:disable"  # of an archive that does not fit after all
MADE_WITHIN = 300


def to_start_with(settings: Settings) -> str:
    """The options that make Java take the archive, if there is one."""
    archive = archive_of(settings)
    return f'{SAY_NOTHING} "-XX:SharedArchiveFile={archive}"' if archive.exists() else ""


def archive_of(settings: Settings) -> Path:
    sets = jar_sets(settings)
    known_by = hashlib.sha256("\n".join(_made_of(sets)).encode()).hexdigest()
    return folder_of("classes") / "+".join(jars.name for jars in sets) / f"{known_by[:16]}.jsa"


def make_archive(settings: Settings) -> Path:
    """By a session that does a little of everything and whose Java writes down at its end what it had loaded."""
    archive = archive_of(settings)
    if archive.exists():
        return archive
    shutil.rmtree(archive.parent, ignore_errors=True)  # of the jars before these: 200 MB
    archive.parent.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="headrace-classes-") as scratch:
        written = Path(scratch) / archive.name
        made_in = settings.model_copy(
            update={
                "home": Path(scratch),
                "java_options": f'{SAY_NOTHING} {COMPILES_LITTLE} "-XX:ArchiveClassesAtExit={written}"',
            }
        )
        ran = subprocess.run(
            [sys.executable, "-m", "headrace.lake.class_training", scratch],
            env={**os.environ, **as_environment(made_in)},
            capture_output=True,
            text=True,
            timeout=MADE_WITHIN,
        )
        if ran.returncode or not written.exists():
            said = "\n".join(ran.stderr.splitlines()[-8:])
            raise HeadraceError(f"Java's classes could not be archived for quicker starts:\n{said}")
        shutil.move(written, archive)
    return archive


def _made_of(sets: Sequence[JarSet]) -> Iterator[str]:
    yield _java()
    for folder in [*(jars.folder for jars in sets), Path(pyspark.__file__).parent / "jars"]:
        for jar in sorted(folder.glob("*.jar")):
            stat = jar.stat()
            yield f"{jar.absolute()} {stat.st_size} {stat.st_mtime_ns}"


def _java() -> str:
    program = (java_program() or Path("/no/java")).resolve()
    release = program.parents[1] / "release"
    return f"{program} {release.read_text() if release.exists() else ''}"

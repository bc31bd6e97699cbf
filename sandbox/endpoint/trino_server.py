"""A Trino coordinator for the sandbox: one that runs already, or a JVM of its own on this machine.

The jars come from Maven (`sandbox/trino/pom.xml`) and are looked up once; what that found lies in
`.lacuna/trino`.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

REPO = Path(__file__).parents[2]
SOURCE, BUILT = REPO / "sandbox" / "trino", REPO / ".lacuna" / "trino"
LEAST_JDK = 24
PATIENCE = 180.0  # seconds; an idle machine needs about ten
OPTIONS = (
    *("--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"),
    *("--sun-misc-unsafe-memory-access=allow", "-Duser.timezone=UTC", "-Xmx2g"),
    "-XX:TieredStopAtLevel=1",  # queries of seconds: better compiled at once than compiled well
)


class NoCoordinator(RuntimeError):
    """Trino cannot be started here; the message says what to do about it."""


def jdk(environment: Mapping[str, str] = os.environ, usual: Path = Path("/usr/lib/jvm")) -> Path:
    """The home of a JDK that is new enough, from JAVA_HOME, PATH or the usual folder."""
    for home in _homes(environment, usual):
        if (home / "bin" / "javac").exists() and _version(home) >= LEAST_JDK:
            return home
    raise NoCoordinator(
        f"The engine trino needs a JDK {LEAST_JDK} or newer; there is none in JAVA_HOME, on PATH "
        f"or in {usual}. Install one (Eclipse Temurin 25, for example), or set TRINO_URL to a "
        "Trino coordinator that runs already."
    )


def _homes(environment: Mapping[str, str], usual: Path) -> Iterator[Path]:
    if named := environment.get("JAVA_HOME"):
        yield Path(named)
    if found := shutil.which("javac", path=environment.get("PATH", "")):
        yield Path(found).resolve().parents[1]
    yield from sorted(usual.glob("*"))


def _version(home: Path) -> int:
    """The version that a JDK's own `release` file states; 0 where it has none."""
    release = home / "release"
    found = re.search(r'JAVA_VERSION="(\d+)', release.read_text()) if release.exists() else None
    return int(found[1]) if found else 0


def build(java: Path) -> str:
    """The class path of the launcher; looked up and compiled again only when something changed."""
    made_of = [SOURCE / "pom.xml", SOURCE / "TrinoCoordinator.java", java / "release"]
    state = hashlib.sha256(b"".join(path.read_bytes() for path in made_of)).hexdigest()[:12]
    folder = BUILT / state
    jars = folder / "jars"
    if jars.exists():
        return f"{folder}:{jars.read_text()}"
    maven = shutil.which("mvn")
    if maven is None:
        raise NoCoordinator("The engine trino needs Maven (`mvn`) on PATH, for Trino's own jars.")
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "JAVA_HOME": str(java)}
    found, part = folder / "found", f"-Dmdep.outputFile={folder / 'found'}"
    command = [maven, "-B", "-q", "-f", str(SOURCE), "dependency:build-classpath", part]
    _do(command, environment)
    compiler = str(java / "bin" / "javac")
    _do([compiler, "-cp", found.read_text(), "-d", str(folder), str(made_of[1])], environment)
    found.rename(jars)  # last: a build that was cut short is done again
    return f"{folder}:{jars.read_text()}"


def _do(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoCoordinator(f"{command[0]} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


class Coordinator:
    """A coordinator in a process of its own, which ends with this one."""

    def __init__(self, folder: Path) -> None:
        java = jdk()
        jars, log = build(java), folder / "trino.log"
        command = [str(java / "bin" / "java"), *OPTIONS, "-cp", jars, "TrinoCoordinator"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log.open("w"), text=True
        )
        assert self._process.stdout
        alarm = threading.Timer(PATIENCE, self._process.kill)
        alarm.start()
        said = self._process.stdout.readline().split()
        alarm.cancel()
        if said[:1] != ["READY"]:
            self.close()
            raise NoCoordinator(f"Trino did not start; it said:\n{log.read_text()[-4000:]}")
        self.url = said[1]

    def close(self) -> None:
        """It ends when its input does; killed where it does not."""
        assert self._process.stdin
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

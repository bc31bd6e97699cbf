"""A Trino coordinator in a process of its own. Its jars come from Maven (`pom.xml`);
their paths are looked up once and kept in `athena-sandbox` of the user's cache directory.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path

SOURCE = Path(__file__).parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "athena-sandbox"
LEAST_JDK = 24
PATIENCE = 180.0  # seconds; an idle machine needs about ten


NO_MAVEN = (
    f"The engine trino needs Maven (`mvn`) on PATH, which fetches Trino's jars, and a JDK {LEAST_JDK} "
    "or newer. Install both, or set TRINO_URL to a Trino coordinator that runs already."
)


class NoCoordinator(RuntimeError):
    """There is no Trino to work with. The message says what to do."""


def lacking() -> str:
    """Return why no coordinator can start here; empty if one can."""
    try:
        jdk()
    except NoCoordinator as error:
        return str(error)
    return "" if shutil.which("mvn") else NO_MAVEN


def jdk(environment: Mapping[str, str] = os.environ, usual: Path = Path("/usr/lib/jvm")) -> Path:
    """The home of a JDK that is new enough: from JAVA_HOME, PATH or the usual folder."""
    homes = [Path(environment["JAVA_HOME"])] if environment.get("JAVA_HOME") else []
    if on_path := shutil.which("javac", path=environment.get("PATH", "")):
        homes.append(Path(on_path).resolve().parents[1])
    for home in [*homes, *sorted(usual.glob("*"))]:
        release = home / "release"
        stated = release.read_text() if release.exists() else ""
        version = re.search(r'JAVA_VERSION="(\d+)', stated)
        if version and int(version[1]) >= LEAST_JDK and (home / "bin" / "javac").exists():
            return home
    raise NoCoordinator(
        f"The engine trino needs a JDK {LEAST_JDK} or newer; there is none in JAVA_HOME, on PATH "
        f"or in {usual}. Install one (Eclipse Temurin 25, for example), or set TRINO_URL to a "
        "Trino coordinator that runs already."
    )


def class_path(home: Path) -> str:
    """Return the paths of Trino's jars. Maven fetches them if the versions changed or a jar is gone."""
    pom = SOURCE / "pom.xml"
    kept = CACHE / f"{hashlib.sha256(pom.read_bytes()).hexdigest()[:12]}.classpath"
    if kept.exists() and all(os.path.exists(jar) for jar in kept.read_text().split(":")):
        return kept.read_text()
    command = ["mvn", "-B", "-q", "-f", str(pom), "dependency:build-classpath"]
    if not shutil.which(command[0]):
        raise NoCoordinator(NO_MAVEN)
    print("fetching Trino's jars with Maven (once, some minutes) …", flush=True)
    done = subprocess.run(
        [*command, f"-Dmdep.outputFile={kept}"],
        env={**os.environ, "JAVA_HOME": str(home)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise NoCoordinator(f"Maven found no jars of Trino:\n{done.stdout[-4000:]}")
    return kept.read_text()


class Coordinator:
    """A coordinator that ends with this process, or when it is closed."""

    def __init__(self, folder: Path) -> None:
        home, log = jdk(), folder / "trino.log"
        launcher = ["-cp", class_path(home), str(SOURCE / "TrinoCoordinator.java")]
        self._process = subprocess.Popen(
            [str(home / "bin" / "java"), f"@{SOURCE / 'jvm.options'}", *launcher],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log.open("w"), text=True,
        )  # fmt: skip
        print("starting Trino …", flush=True)
        assert self._process.stdout
        alarm = threading.Timer(PATIENCE, self._process.kill)
        alarm.start()
        answer = self._process.stdout.readline().split()
        alarm.cancel()
        if answer[:1] != ["READY"]:
            raise NoCoordinator(f"Trino did not start. Its log ends:\n{log.read_text()[-4000:]}")
        self.url = answer[1]

    def close(self) -> None:
        self._process.kill()  # it keeps nothing
        self._process.wait()


if __name__ == "__main__":  # asked by .ci/run
    print(lacking())

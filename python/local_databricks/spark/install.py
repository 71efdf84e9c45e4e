"""What Spark needs on this machine and where it is: Java 17, pyspark's jars, Delta's and the workspace's own.

`script/bootstrap --spark` puts them in place; locate() says what is missing. The AppCDS archive (a start costs a third
less CPU with it) is optional: without one, or with one of other jars, Java starts as usual.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PLUGIN = "bldr-workspace.jar"
DELTA = ("delta-spark_2.13-", "delta-storage-")
# What spark-submit opens for Spark on Java 17 (org.apache.spark.launcher.JavaModuleOptions of Spark 4.0).
OPENED = (
    "java.base/java.lang",
    "java.base/java.lang.invoke",
    "java.base/java.lang.reflect",
    "java.base/java.io",
    "java.base/java.net",
    "java.base/java.nio",
    "java.base/java.util",
    "java.base/java.util.concurrent",
    "java.base/java.util.concurrent.atomic",
    "java.base/jdk.internal.ref",
    "java.base/sun.nio.ch",
    "java.base/sun.nio.cs",
    "java.base/sun.security.action",
    "java.base/sun.util.calendar",
    "java.security.jgss/sun.security.krb5",
)


class SparkMissing(RuntimeError):
    """Something of the installation is not there; the message says what and how to get it."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}; run script/bootstrap --spark")


@dataclass(frozen=True)
class Installation:
    """Where Spark is: the `java` program, the folder of jars beside the environment, and the class path's jars in order."""

    java: str
    jars: Path
    class_path: tuple[Path, ...]

    @property
    def archive(self) -> Path:
        """The AppCDS archive of exactly these jars and this Java; it need not exist."""
        text = "\n".join(
            f"{jar} {jar.stat().st_size} {jar.stat().st_mtime_ns}" for jar in self.class_path
        )
        java = f"{os.path.realpath(self.java)} {os.stat(self.java).st_mtime_ns}"
        key = hashlib.sha256(f"{java}\n{text}".encode()).hexdigest()[:16]
        return self.jars.parent / f"workspace-{key}.jsa"

    def command(self, options: Mapping[str, str], java_options: tuple[str, ...]) -> list[str]:
        """The command that starts the plugin's server with these Spark settings."""
        opened = [f"--add-opens={package}=ALL-UNNAMED" for package in OPENED]
        settings = [f"-D{name}={value}" for name, value in options.items()]
        path = os.pathsep.join(str(jar) for jar in self.class_path)
        return [
            self.java,
            *java_options,
            "-XX:+IgnoreUnrecognizedVMOptions",
            "-Djdk.reflect.useDirectMethodHandle=false",
            "-Dio.netty.tryReflectionSetAccessible=true",
            *opened,
            *settings,
            "-cp",
            path,
            "bldr.Server",
        ]


def locate() -> Installation:
    """The installation of this Python's environment. BLDR_SPARK_JARS names another folder of Delta's and our jars.

    Raises SparkMissing.
    """
    java = shutil.which("java", path=_java_path())
    if java is None:
        raise SparkMissing("there is no java on the PATH and no JAVA_HOME")
    try:
        import pyspark
    except ImportError as error:
        raise SparkMissing("this Python has no pyspark") from error
    spark = sorted((Path(pyspark.__path__[0]) / "jars").glob("*.jar"))
    jars = Path(os.environ.get("BLDR_SPARK_JARS") or Path(sys.prefix).parent / "jars").resolve()
    own = [_jar(jars, DELTA[0]), _jar(jars, DELTA[1]), jars / PLUGIN]
    if not own[2].is_file():
        raise SparkMissing(f"the workspace's plugin {own[2]} is not there")
    return Installation(java, jars, (*own, *spark))


def _java_path() -> str:
    path = os.environ.get("PATH", os.defpath)
    home = os.environ.get("JAVA_HOME")
    return f"{home}/bin{os.pathsep}{path}" if home else path


def _jar(folder: Path, prefix: str) -> Path:
    found = sorted(folder.glob(prefix + "*.jar"))
    if not found:
        raise SparkMissing(f"there is no {prefix}*.jar in {folder}")
    return found[-1]

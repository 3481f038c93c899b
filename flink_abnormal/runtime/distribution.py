"""The Flink distribution inside `apache-flink`, and folders of our own around it; site-packages stays untouched.

.flink/conf     the local cluster's config.yaml (Flink's own JVM options and the project's conf/config.yaml), log4j
.flink/client   the same for embedded runs and for clients
.flink/lib      links to Flink's jars, to flink-python's and to the guard of REST: see `link_jars` and `link_guard`
.flink/opt      links to the jars of Flink's SQL client
.flink/parts    jars of the project's own Java parts
.flink/plugins  links to Flink's plugins, and to the one for S3 if installed
.flink/classes  archives of loaded classes, with which Flink starts faster: see `class_archive`
.flink/connectors  the jars from `make connectors`, unless FLINK_ABNORMAL_CONNECTORS names another folder
.flink/log      logs and standard output of every process
.flink/pid      running processes
"""

from __future__ import annotations

import contextlib
import locale
import os
import shutil
import sys
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from flink_abnormal.core.errors import MachineError, UsageError
from flink_abnormal.jvm import jar
from flink_abnormal.runtime import class_archive, java, s3

HOME_VARIABLE: Final = "FLINK_ABNORMAL_HOME"
CONNECTORS_VARIABLE: Final = "FLINK_ABNORMAL_CONNECTORS"
APPLICATION_VARIABLE: Final = "FLINK_ABNORMAL_APPLICATION"
"""Set if the JobManager runs the job itself, and then records that it has finished."""
PACKAGE: Final = Path(__file__).resolve().parents[1]
LOCALES: Final = ("C.UTF-8", "en_US.UTF-8")
S3_PLUGIN: Final = "flink-s3-fs-native"
GUARD: Final = PACKAGE / "jvm" / "rest"
STATE_PROCESSOR: Final = "flink-state-processor-api"
SQL_GATEWAY: Final = "flink-sql-gateway"


def project() -> Path:
    """Return the project's folder, which holds conf/ and jobs/."""
    folder = Path(__file__).resolve().parents[2]
    if not (folder / "conf" / "config.yaml").is_file():
        raise MachineError(f"{folder} has no conf/config.yaml. Install the project from its folder: pip install -e .")
    return folder


def work_folder() -> Path:
    """Return the folder of a run's files: .flink in the project, or in FLINK_ABNORMAL_HOME."""
    home = os.environ.get(HOME_VARIABLE)
    return (Path(home).expanduser() if home else project()) / ".flink"


def parts() -> Path:
    """Return the folder of the jars built from the project's Java parts."""
    return work_folder() / "parts"


def connectors() -> Path:
    """Return the folder of the jars that PyPI lacks."""
    told = os.environ.get(CONNECTORS_VARIABLE)
    return Path(told).expanduser().absolute() if told else work_folder() / "connectors"


def jars() -> jar.Jars:
    """Return the folders of jars that are not part of the distribution."""
    return jar.Jars(parts(), connectors())


def connector(artifact: str) -> Path | None:
    """Return an artifact's jar from conf/connectors/pom.xml, or None if `make connectors` has not fetched it."""
    return jars().connector(artifact)


def require(artifact: str, what: str, called: str) -> None:
    """Raise MachineError if a jar that `what` needs is missing; `called` is its name for users."""
    if connector(artifact) is None:
        raise MachineError(
            f"{what} needs Flink's {called}, which is neither on PyPI nor in {connectors()}. Run `make connectors`."
        )


def flink_home() -> Path:
    """Return the folder of the pip-installed distribution."""
    import pyflink  # noqa: PLC0415 - slow to import, and not needed for --help

    return Path(str(pyflink.__file__)).parent


def python_jar() -> Path:
    """Return the jar that runs Python inside Flink."""
    (found,) = (flink_home() / "opt").glob("flink-python-*.jar")
    return found


CLIENT_CONF: Final = "client"
CLUSTER_CONF: Final = "conf"


def prepare(conf: str = CLIENT_CONF, overrides: dict[str, Any] | None = None) -> dict[str, str]:
    """Write one of the conf folders and lib, and return the environment for Flink's scripts and JVMs.

    `overrides` are Flink settings that override conf/config.yaml.
    """
    work = work_folder()
    try:
        for name in (conf, "lib", "plugins", "log"):
            (work / name).mkdir(parents=True, exist_ok=True)
        write_conf(work / conf, overrides or {})
        link_jars(work / "lib")
        link_plugins(work / "plugins")
        env = environment(conf)
        link_guard(work / "lib", env)
    except OSError as error:
        raise MachineError(
            f"{work} can't be written: {error.strerror}. Set {HOME_VARIABLE} to a folder that can be."
        ) from None
    return env


def load_plugins() -> None:
    """Load the plugins into PyFlink's JVM, as Flink's own command line does; without them it has no S3."""
    from pyflink.java_gateway import get_gateway  # noqa: PLC0415

    flink = get_gateway().jvm.org.apache.flink
    configuration = flink.configuration.GlobalConfiguration.loadConfiguration()
    plugins = flink.core.plugin.PluginUtils.createPluginManagerFromRootFolder(configuration)
    flink.core.fs.FileSystem.initialize(configuration, plugins)


def environment(conf: str = CLIENT_CONF) -> dict[str, str]:
    """Return the environment for Flink's scripts and JVMs."""
    work, home = work_folder(), flink_home()
    java_home, lib = str(java.find()), (work / "lib").resolve()
    archived = class_archive.arguments(work / "classes", "client", java_home, lib) if conf == CLIENT_CONF else []
    # Thread mode finds its Python, and with it this project, as the first `python3` on the PATH.
    path = os.pathsep.join([str(Path(sys.executable).parent), str(Path(java_home, "bin")), os.environ.get("PATH", "")])
    return {
        **os.environ,
        **s3.keys(),
        **utf_8_locale(),
        "JAVA_HOME": java_home,
        "PATH": path,
        "FLINK_HOME": str(home),
        "FLINK_CONF_DIR": str(work / conf),
        "FLINK_LIB_DIR": str(lib),
        "JVM_ARGS": f"{os.environ.get('JVM_ARGS', '')} {' '.join(archived)}".strip(),
        "FLINK_OPT_DIR": str(home / "opt"),
        "FLINK_PLUGINS_DIR": str(work / "plugins"),
        "FLINK_LOG_DIR": str(work / "log"),
        # Otherwise PyFlink opens a server for workers in the client's process, on all of the machine's addresses.
        "_python_worker_execution_mode": "process",
        "PYFLINK_PYTHON": sys.executable,
        "PYFLINK_CLIENT_EXECUTABLE": sys.executable,
    }


def utf_8_locale() -> dict[str, str]:
    """Return one locale for JVMs and workers on every host, so that each reads the same dates and paths.

    A JVM writes question marks for characters that its locale can't encode, even in paths, and Python inside it
    inherits the host's language. Linux has C.UTF-8, macOS en_US.UTF-8; a host with neither uses its own.
    """
    before = locale.setlocale(locale.LC_ALL)
    try:
        for name in LOCALES:
            with contextlib.suppress(locale.Error):
                locale.setlocale(locale.LC_ALL, name)
                return {"LC_ALL": name, "LANG": name}
    finally:
        locale.setlocale(locale.LC_ALL, before)
    return {}


def write_conf(folder: Path, overrides: dict[str, Any]) -> None:
    """Write config.yaml: Flink's own JVM options, then conf/config.yaml, the S3 store, and the overrides."""
    shipped = flink_home() / "conf"
    java_options = settings(shipped / "config.yaml")["env.java.opts.all"]
    merged = {"env.java.opts.all": _known_to_java(java_options), **settings(), **s3.flink_settings(), **overrides}
    for name in ("log4j-cli.properties", "log4j-console.properties", "log4j.properties"):
        shutil.copyfile(shipped / name, folder / name)
    # Flink's log must not mix with the job's lines: the web UI shows standard output as the job's.
    with (folder / "log4j-console.properties").open("a", encoding="utf-8") as log4j:
        log4j.write("\nappender.console.target = SYSTEM_ERR\n")
    fresh = folder / f"config.yaml.{os.getpid()}"
    with fresh.open("w", encoding="utf-8") as file:
        fresh.chmod(0o600)  # it may hold the store's secret key
        YAML(typ="safe").dump(merged, file)
    fresh.replace(folder / "config.yaml")


def _known_to_java(options: str) -> str:
    """Drop options for jdk.compiler if Java lacks this module (a JRE): it would warn at every start."""
    release = java.find() / "release"
    if release.is_file() and "jdk.compiler" not in release.read_text(encoding="utf-8"):
        return " ".join(option for option in options.split() if "jdk.compiler/" not in option)
    return options


def settings(file: Path | None = None) -> dict[str, Any]:
    """Return a config.yaml, by default the project's conf/config.yaml, in Flink's dotted keys."""
    source = file or project() / "conf" / "config.yaml"
    try:
        return dict(_parsed(source.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"{source} can't be read: {error.strerror}.") from None
    except YAMLError as error:
        raise UsageError(f"{source} is not YAML: {str(error).splitlines()[0]}") from None


@cache
def _parsed(text: str) -> dict[str, Any]:
    """Return a YAML text's keys; parsing one takes longer than reading it ten times."""
    return _flat(YAML(typ="safe").load(text) or {})


def default_parallelism() -> int | None:
    """Return the parallelism in conf/config.yaml, or None."""
    told = settings().get("parallelism.default")
    return None if told is None else int(told)


def link_jars(folder: Path) -> None:
    """Link Flink's jars and flink-python's into one folder.

    A job brings flink-python in its own class loader, and its native library can't be loaded twice into one JVM: the
    second thread-mode job on a TaskManager would fail for good. In the TaskManager's own lib, with `pemja.` parent
    first (conf/config.yaml), it is loaded once. The State Processor API is linked for reading snapshots.
    """
    state_processor = connector(STATE_PROCESSOR)
    for found in [*(flink_home() / "lib").glob("*.jar"), python_jar(), *([state_processor] if state_processor else [])]:
        _link(folder / found.name, found)


def link_guard(folder: Path, env: dict[str, str]) -> None:
    """Link the jar that keeps other websites' pages from Flink's REST API (`jvm/rest`) into a folder.

    The JVM that serves REST discovers it, in a cluster or an embedded run. Older versions are removed.
    """
    guard = jar.build(GUARD, parts(), env)
    for old in folder.glob(f"{guard.name.rpartition('-')[0]}-*.jar"):
        if old.name != guard.name:
            old.unlink(missing_ok=True)
    _link(folder / guard.name, guard)


def link_plugins(folder: Path) -> None:
    """Link Flink's plugins, and the one for S3 if installed, into a folder, each in its own subfolder."""
    for plugin in (flink_home() / "plugins").iterdir():
        if plugin.is_dir():
            _link(folder / plugin.name, plugin)
    if (s3_jar := connector(S3_PLUGIN)) is not None:
        own = folder / S3_PLUGIN.removeprefix("flink-")
        own.mkdir(exist_ok=True)
        _link(own / s3_jar.name, s3_jar)


def link_sql() -> Path:
    """Link the SQL client, and the gateway it needs, which PyPI's distribution lacks, into a folder; return that."""
    folder = work_folder() / "opt"
    folder.mkdir(parents=True, exist_ok=True)
    gateway = connector(SQL_GATEWAY)
    for found in [*(flink_home() / "opt").glob("*.jar"), *([gateway] if gateway else [])]:
        _link(folder / found.name, found)
    return folder


def _link(link: Path, target: Path) -> None:
    if not link.exists():  # or it leads into a removed environment
        fresh = link.with_name(f".{link.name}.{os.getpid()}")
        fresh.symlink_to(target)
        fresh.replace(link)  # at once: another command may be doing the same


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested keys as Flink's dotted ones."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def code_fingerprint(folder: Path = PACKAGE) -> str:
    """Return a digest of the project's Python code, which shows whether a TaskManager still runs the present version.

    Editors' own files beside the code, and unreadable files, can't run and are skipped.
    """
    hashed = blake2b(digest_size=16)
    for file in sorted(folder.rglob("[!.]*.py")):
        with contextlib.suppress(OSError):
            hashed.update(f"{file.relative_to(folder)}\0".encode() + file.read_bytes())
    return hashed.hexdigest()

"""Starts the job: options -> Flink's configuration -> graph -> execution (embedded, on a cluster, in `flink run`)."""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from flink_abnormal.core.errors import ClusterError, JobError, cause, root
from flink_abnormal.core.parallelism import Parallelism
from flink_abnormal.core.published import parameters, summary_prefix
from flink_abnormal.core.settings import DEFAULT_PARALLELISM
from flink_abnormal.core.uris import folder_uri
from flink_abnormal.pipeline.stdout import append_only, open_to_workers
from flink_abnormal.pipeline.verdict import Ending
from flink_abnormal.runtime import distribution, embedded, kafka_transactions
from flink_abnormal.runtime.rest import DEFAULT_HOST, DEFAULT_PORT, Cluster
from flink_abnormal.snapshots import finished, metadata
from flink_abnormal.submission import progress
from flink_abnormal.submission.configuration import RETAINED, flink_configuration
from flink_abnormal.submission.inspection import nodes, real_modes
from flink_abnormal.submission.interruption import on_ctrl_c, remember_ctrl_c, stop_early
from flink_abnormal.submission.machine_checks import check_machine, to_start_from
from flink_abnormal.submission.preflight import settle_mode
from flink_abnormal.submission.terminal import say

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable, Sequence

    from flink_abnormal.core.job import Goal, Job, JobSettings


class Target(NamedTuple):
    """Where the job runs: `embedded`, `cluster` (at `host`:`port`), or `flink-run` (Flink's own command line)."""

    kind: str
    host: str = ""
    port: int = 0


EMBEDDED: Final = Target("embedded")
FLINK_RUN: Final = Target("flink-run")


class Launched(NamedTuple):
    """A started job.

    `client` is Flink's own, or None if the cluster accepted the job and the response was lost. `interrupted` is set by
    Ctrl-C during the submission. `ending` (where the run reports its end) and `goal` are None for an unbounded run.
    """

    job_id: str
    client: Any
    ending: Ending | None
    interrupted: threading.Event
    goal: Goal | None


def launch(job: Job, settings: JobSettings, target: Target) -> Launched:
    """Check, build and start a job."""
    on_ctrl_c(stop_early)
    if warning := check_machine(job, settings):
        say(warning)
    if target.kind == "embedded":
        append_only()
        settings = settle_mode(settings, say)
        if settings.state.mode == "process":
            open_to_workers()
    restore_path = to_start_from(job, settings)
    job_id = secrets.token_hex(16)
    env = _environment(settings, target, restore_path, job_id)
    from pyflink.common import JobClient  # noqa: PLC0415

    default = _default_parallelism(env, target)
    asked = settings.embedded_layout if target.kind == "embedded" else settings.layout
    parallelism = Parallelism.of(asked, default)
    layout = asked.slots or ("shared" if target.kind == "embedded" else "isolated")
    start_ms = time.time_ns() // 1_000_000
    ending = _ending(target, start_ms, job_id)
    job.build(env, settings, parallelism, layout, start_ms, distribution.jars(), ending)
    j_graph = env._generate_stream_graph(clear_transformations=True, job_name=job.name)  # noqa: SLF001
    if restore_path is not None and (proof := job.proof(settings)) is not None:
        metadata.check(restore_path, cast("Any", settings), proof)
    if restore_path is not None and settings.transactions and (lost := _aborted(settings, restore_path)):
        say(lost)
    say(f"Job: {job.name}")
    _report(settings, parallelism, layout, real_modes(nodes(j_graph)), restore_path)
    interrupted = remember_ctrl_c()
    client = None
    try:
        client = JobClient(env._j_stream_execution_environment.executeAsync(j_graph))  # noqa: SLF001
    except Exception as error:
        if not _taken(target, job_id):
            raise JobError(f"The job was refused: {cause(error)}") from error
    goal = progress.goal(job, settings, resumes=restore_path is not None)
    return Launched(job_id, client, ending if settings.bounded and job.goal is not None else None, interrupted, goal)


def _aborted(settings: JobSettings, snapshot: str) -> str:
    """Return a warning if brokers have aborted transactions that a snapshot counts as written, or "".

    Flink can't commit these any more, writes a line to its log, and goes on without what was in them.
    """
    written = metadata.transactions(snapshot, settings.transactions)
    if not written:
        return ""
    known = kafka_transactions.find(str(settings.kafka.bootstrap), settings.kafka.text())
    lost = [each.id for each in known if each.id in written and each.aborted]
    if not lost:
        return ""
    return (
        f"Warning: transactions that {snapshot} counts as written: {len(written)}; aborted by the brokers: {len(lost)} "
        f"({', '.join(sorted(lost))}). Their time, transaction.timeout.ms, was up, or they were aborted by hand. "
        "Consumers with read_committed miss what is in them; `flink-abnormal consume --uncommitted` shows it. To write "
        "it again, stop this job and start from the snapshot before, which `flink-abnormal checkpoints` lists. What "
        "other transactions wrote since then comes twice, with the same alertId."
    )


def _ending(target: Target, start_ms: int, job_id: str) -> Ending:
    if target.kind == "embedded":
        return Ending(file=str(Path(tempfile.gettempdir()) / f"flink-abnormal-{job_id}"))
    return Ending(prefix=summary_prefix(start_ms))


def _taken(target: Target, job_id: str) -> bool:
    """Whether the cluster accepted a job whose submission failed: perhaps only the response was lost."""
    if target.kind != "cluster":
        return False
    try:
        return Cluster(target.host, target.port).job_state(job_id) is not None
    except ClusterError:
        raise ClusterError(
            f"The cluster at {target.host}:{target.port} was lost while job {job_id} was being submitted. Once it "
            "answers again, this shows whether it accepted the job: flink-abnormal list"
        ) from None


def _environment(settings: JobSettings, target: Target, restore_path: str | None, job_id: str) -> Any:
    # A known id lets the cluster be queried for the job, whatever the outcome of the submission.
    values = {**flink_configuration(settings, restore_path), "$internal.pipeline.job-id": job_id}
    if target.kind == "embedded":
        os.environ.update(embedded.prepare())
        values |= embedded.settings(settings.state.backend)
        # On a cluster the JobManager's conf/config.yaml sets this; an embedded run needs it in the job.
        values |= {key: str(value) for key, value in distribution.settings().items() if key == RETAINED}
    elif target.kind == "cluster":
        os.environ.update(distribution.prepare())
        values |= {
            "execution.target": "remote",
            "rest.address": target.host,
            "rest.port": str(target.port),
        }
        # The project's own clusters have this jar of 42 MB, which others get with each job.
        if not Cluster(target.host, target.port).has_on_classpath(distribution.python_jar().name):
            values["pipeline.jars"] = distribution.python_jar().as_uri()
    from pyflink.common import Configuration  # noqa: PLC0415
    from pyflink.datastream import StreamExecutionEnvironment  # noqa: PLC0415

    if target.kind != "flink-run":
        _import_without_beam()
        distribution.load_plugins()
    configuration = Configuration()
    for key, value in values.items():
        configuration.set_string(key, value)
    if target.kind == "cluster":
        from pyflink.java_gateway import get_gateway  # noqa: PLC0415

        # PyFlink's factory supports only embedded runs and `flink run`.
        java_class = get_gateway().jvm.org.apache.flink.streaming.api.environment.StreamExecutionEnvironment
        env = StreamExecutionEnvironment(java_class(configuration._j_configuration))  # noqa: SLF001
    else:
        env = StreamExecutionEnvironment.get_execution_environment(configuration)
    env.get_config().set_global_job_parameters(parameters(settings, finished.key(settings)))
    if settings.state.backend == "rocksdb":
        from flink_abnormal.jvm import parts  # noqa: PLC0415

        parts.build(distribution.jars()).add_to(env)  # for ROCKSDB_OPTIONS
    return env


def _import_without_beam() -> None:
    """Import what PyFlink's clients share with its workers, but not Beam: half of a client's processor time.

    PyFlink goes on with Python instead of its C extensions, which no client uses.
    """
    if "apache_beam" in sys.modules:
        return
    sys.modules["apache_beam"] = cast("Any", None)  # makes an import fail
    import pyflink.fn_execution  # noqa: F401, PLC0415

    del sys.modules["apache_beam"]


def _default_parallelism(env: Any, target: Target) -> int:
    """Return the configured parallelism, else 3; Flink's own default is 1 or every core."""
    from pyflink.util.java_utils import get_j_env_configuration  # noqa: PLC0415

    configuration = get_j_env_configuration(env._j_stream_execution_environment)  # noqa: SLF001
    if target.kind == "flink-run" and configuration.containsKey("parallelism.default"):
        return int(env.get_parallelism())
    return distribution.default_parallelism() or DEFAULT_PARALLELISM


def _report(
    settings: JobSettings, parallelism: Any, layout: str, modes: Iterable[str], restore_path: str | None
) -> None:
    state = settings.state
    found = sorted(modes)
    python = f"Python in {' and '.join(found)} mode" if found else "no Python in it"
    say(
        f"{settings.description()}; parallelism {parallelism.source}/{parallelism.process}/{parallelism.sink} "
        f"(source/process/sink), slots {layout}; {python}; state {state.backend}"
    )
    say(f"Checkpoints: {'aligned' if state.aligned else 'unaligned'}, below {folder_uri(state.checkpoint_dir)}")
    if restore_path is not None:
        say(f"Starts from {restore_path}")


def rest_of(client: Any) -> Cluster:
    """Return the REST API of an embedded job from a private field of its Java client."""
    held = client._j_job_client.getClass().getDeclaredField("miniCluster")  # noqa: SLF001
    held.setAccessible(True)
    address = held.get(client._j_job_client).getRestAddress().get()  # noqa: SLF001
    return Cluster(address.getHost(), address.getPort())


def await_end(launched: Launched, failures: Sequence[str]) -> None:
    """Wait until the job ends; raise JobError if it failed, with the root cause of all `failures`."""
    try:
        launched.client.get_job_execution_result().result()
    except Exception as error:
        if type(error).__name__ in ("Py4JError", "Py4JNetworkError"):  # not Java exceptions
            raise JobError("The job failed: its JVM was killed, by someone or for lack of memory.") from error
        reason = root([str(error), *failures])
        raise JobError(f"The job failed: {reason} (more in {distribution.work_folder() / 'log'})") from error


def attached() -> bool:
    """Whether `flink run` waits for the job's end."""
    return str(_flink_run_setting("execution.attached")).lower() == "true"


def rest_address() -> str:
    """Return `HOST:PORT` of the cluster that `flink run` submits to."""
    return f"{_flink_run_setting('rest.address') or DEFAULT_HOST}:{_flink_run_setting('rest.port') or DEFAULT_PORT}"


def _flink_run_setting(key: str) -> Any:
    from pyflink.datastream import StreamExecutionEnvironment  # noqa: PLC0415
    from pyflink.util.java_utils import get_j_env_configuration  # noqa: PLC0415

    env = StreamExecutionEnvironment.get_execution_environment()
    return get_j_env_configuration(env._j_stream_execution_environment).toMap().get(key)  # noqa: SLF001

"""Simulated users, paced and replayable.

PyFlink has no source of its own, and a sleeping function delays the checkpoint barrier. So a heartbeat from the JVM
keeps the job alive, and processing-time timers set the pace. The position is keyed state: events lost with a worker are
generated again, identical, since each is a pure function of (seed, user, sequence number).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from pyflink.common import Types
from pyflink.datastream import FlatMapFunction, KeyedProcessFunction
from pyflink.datastream.state import ValueStateDescriptor

from flink_abnormal.core.operators import HEARTBEAT, KEY_BY_GROUP, RANDOM_SOURCE, START_USERS
from flink_abnormal.core.simulation import Simulation
from flink_abnormal.pipeline import tally
from flink_abnormal.pipeline.sources.base import SourceStreams
from flink_abnormal.pipeline.stdout import write_line
from flink_abnormal.pipeline.streams import AT_THE_END, heartbeat, key_by, label, types

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyflink.datastream import RuntimeContext, StreamExecutionEnvironment

    from flink_abnormal.core.settings import Settings
    from flink_abnormal.pipeline.sources.base import SourceContext

MAX_GROUPS: Final = 120
"""Groups of users that share a timer; the group of user1 has the key `user1`, so three users go to three subtasks, as
their events do."""
SLICE: Final = 100
"""Events per timer, after which a checkpoint barrier can pass."""
PAUSE_MS: Final = 5
"""Below this interval a timer emits several events of a user: single ones fall behind."""


def build(env: StreamExecutionEnvironment, settings: Settings, context: SourceContext) -> SourceStreams:
    """Return the simulated users' events."""
    random = settings.random
    simulation = Simulation(random.seed, random.users, random.interval_ms, random.abnormal_rate)
    beats = None if random.events is None else random.events * random.interval_ms // 1000 + 2
    groups = min(random.users, MAX_GROUPS)
    starts = heartbeat(env, beats, HEARTBEAT).flat_map(StartUsers(groups), Types.STRING()).set_parallelism(1)
    users = UserSimulator(simulation, groups, random.events, context.start_ms, emit_log=random.emit_log)
    keyed = key_by(label(starts, START_USERS), lambda group: group, KEY_BY_GROUP)
    events = label(keyed.process(users, types.event()), RANDOM_SOURCE, context.mode)
    events.set_parallelism(context.parallelism)
    return SourceStreams(events, [], [tally.kinds(events)] if settings.bounded else [])


class StartUsers(FlatMapFunction):
    """Turns each heartbeat into one record per group; the first starts the group, later ones change nothing."""

    def __init__(self, groups: int) -> None:
        self._groups = groups

    def flat_map(self, value: str | None) -> Iterator[str]:  # noqa: ARG002
        """Yield the key of each group."""
        for group in range(1, self._groups + 1):
            yield f"user{group}"


class Position(NamedTuple):
    """Progress of a group of users; times in epoch milliseconds.

    `seq` is the number of the next events, `done` the number of members that have emitted theirs. Event N has the
    timestamp `start_ms` + N intervals and is emitted `lag_ms` (the job's start-up time) later. `submission_ms`
    identifies the submission behind these times; `timer_ms` is the only valid timer.
    """

    seq: int
    done: int
    start_ms: int
    lag_ms: int
    submission_ms: int
    timer_ms: int


class UserSimulator(KeyedProcessFunction):
    """Generates the events of a group of users: user g, user g + groups and so on.

    The state is a Position. A submission that resumes a savepoint moves the start, so that the next event is due at
    once; a recovery does not, so that lost events follow without a pause.
    """

    def __init__(
        self, simulation: Simulation, groups: int, events: int | None, submission_ms: int, *, emit_log: bool
    ) -> None:
        self._simulation = simulation
        self._groups = groups
        self._events = events
        self._submission_ms = submission_ms
        self._emit_log = emit_log

    def open(self, runtime_context: RuntimeContext) -> None:
        """Bind the state."""
        position = ValueStateDescriptor("position", Types.TUPLE([Types.LONG()] * len(Position._fields)))
        self._position = runtime_context.get_state(position)

    def process_element(self, value: str, ctx: KeyedProcessFunction.Context) -> None:  # noqa: ARG002
        """Start the group, once per submission."""
        kept = self._position.value()
        if kept is not None and Position(*kept).submission_ms == self._submission_ms:
            return
        timers = ctx.timer_service()
        now = timers.current_processing_time()
        if kept is not None:
            timers.delete_processing_time_timer(Position(*kept).timer_ms)
        self._position.update(tuple(self._current(kept, now)._replace(timer_ms=now)))
        timers.register_event_time_timer(AT_THE_END)
        timers.register_processing_time_timer(now)

    def on_timer(self, timestamp: int, ctx: KeyedProcessFunction.OnTimerContext) -> Iterator[tuple[object, ...]]:
        """Emit the events that are due, one slice at a time, and register the next timer."""
        timers = ctx.timer_service()
        now = timers.current_processing_time()
        value = self._position.value()
        draining = timestamp == AT_THE_END
        if not draining and timestamp != Position(*value).timer_ms:
            return
        position = self._current(value, now)
        members = range(int(ctx.get_current_key().removeprefix("user")), self._simulation.users + 1, self._groups)
        seq, done = position.seq, position.done
        end = self._due(now, position, draining=draining)
        room = None if draining else SLICE
        while seq < end and room != 0:
            if done < len(members):
                event = self._simulation.event(members[done], seq, position.start_ms)
                if self._emit_log:
                    write_line(event.log_line())
                yield tuple(event)
                done += 1
                room = None if room is None else room - 1
            if done >= len(members):
                seq, done = seq + 1, 0
        due = position.start_ms + position.lag_ms + seq * self._simulation.interval_ms
        timer = now + 1 if seq < end else max(due, now + PAUSE_MS)
        self._position.update(tuple(position._replace(seq=seq, done=done, timer_ms=timer)))
        if not draining and (self._events is None or seq < self._events):
            timers.register_processing_time_timer(timer)

    def _due(self, now: int, position: Position, *, draining: bool) -> int:
        """Return the number of the first event that is not due yet."""
        if draining:
            return self._events or 0
        due = (now - position.start_ms - position.lag_ms) // self._simulation.interval_ms + 1
        return due if self._events is None else min(due, self._events)

    def _current(self, value: tuple[int, ...] | None, now: int) -> Position:
        """Return the position in terms of this submission."""
        mine = self._submission_ms
        position = Position(0, 0, mine, now - mine, mine, now) if value is None else Position(*value)
        if position.submission_ms == mine:
            return position
        start_ms = mine - position.seq * self._simulation.interval_ms
        return position._replace(start_ms=start_ms, lag_ms=now - mine, submission_ms=mine)

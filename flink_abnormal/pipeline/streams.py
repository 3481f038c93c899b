"""Flink types of the records between operators, and small helpers over PyFlink's streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pyflink.common import Types
from pyflink.datastream import DataStream, OutputTag
from pyflink.java_gateway import get_gateway

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyflink.common.typeinfo import TypeInformation
    from pyflink.datastream import KeyedStream, StreamExecutionEnvironment

    from flink_abnormal.core.operators import Operator
    from flink_abnormal.core.time_settings import TimeSettings


class types:  # noqa: N801 - reads as a namespace: types.event()
    """The type of each stream; functions, since creating a type needs a running JVM.

    Tuples carry no null, and are the fastest type that both execution modes support.
    """

    @staticmethod
    def record() -> TypeInformation:
        """Record."""
        octets = Types.PRIMITIVE_ARRAY(Types.BYTE())
        return Types.TUPLE([octets, Types.STRING(), Types.LONG(), Types.STRING(), octets, octets, Types.LONG()])

    @staticmethod
    def message() -> TypeInformation:
        """Message, as `Record.of_message` reads it."""
        octets = Types.PRIMITIVE_ARRAY(Types.BYTE())
        return Types.TUPLE([octets, octets, Types.STRING(), Types.LONG(), Types.LONG(), Types.LONG()])

    @staticmethod
    def output() -> TypeInformation:
        """Value of a message to write, and its envelope as KafkaOutput reads it."""
        return Types.TUPLE([Types.PRIMITIVE_ARRAY(Types.BYTE()), Types.STRING()])

    @staticmethod
    def event() -> TypeInformation:
        """UserEvent."""
        return Types.TUPLE([Types.STRING(), Types.STRING(), Types.LONG(), Types.LONG(), Types.STRING()])

    @staticmethod
    def placed_event() -> TypeInformation:
        """UserEvent, its file or partition, and its place in it."""
        texts, numbers = Types.STRING(), Types.LONG()
        return Types.TUPLE([texts, texts, numbers, numbers, texts, texts, numbers])

    @staticmethod
    def parsed(time: TimeSettings) -> TypeInformation:
        """Return what the parse step gives: in event time, places too."""
        return types.placed_event() if time.event else types.event()

    @staticmethod
    def late_event() -> TypeInformation:
        """User, kind, times, time, lateness, and place as in `placed_event`."""
        texts, numbers = Types.STRING(), Types.LONG()
        return Types.TUPLE([texts, texts, numbers, numbers, numbers, texts, numbers])

    @staticmethod
    def alert() -> TypeInformation:
        """Alert."""
        return Types.TUPLE([Types.STRING(), Types.STRING(), Types.LONG(), Types.LONG(), Types.LONG()])

    @staticmethod
    def tally() -> TypeInformation:
        """Pairs of counter name and number."""
        return Types.TUPLE([Types.STRING(), Types.LONG()])


class tags:  # noqa: N801
    """Side outputs; functions for the same reason as `types`."""

    @staticmethod
    def dead_letters() -> OutputTag:
        """DeadLetter as JSON."""
        return OutputTag("dead-letters", Types.STRING())

    @staticmethod
    def tally() -> OutputTag:
        """Tallies that only Python can count."""
        return OutputTag("tally", types.tally())

    @staticmethod
    def late_events() -> OutputTag:
        """Events that came behind the watermark."""
        return OutputTag("late-events", types.late_event())

    @staticmethod
    def live() -> OutputTag:
        """Live documents in process mode: number of the gauge, place in it, and JSON."""
        return OutputTag("live", Types.TUPLE([Types.LONG(), Types.LONG(), Types.STRING()]))


EVENT_KIND_FIELD: Final = 1
EVENT_TIMES_FIELD: Final = 2
ALERT_USER_FIELD: Final = 1

AT_THE_END: Final = 2**63 - 2
"""Event-time timer reached only by the final watermark of a bounded run: Flink drops processing-time timers that are
pending at the end of the input."""


def label(stream: DataStream, operator: Operator, mode: Any = "thread") -> DataStream:
    """Set uid and name of the operator behind `stream`."""
    stream.uid(operator.uid_in(mode))
    return stream.name(operator.name)


def side_output(stream: DataStream, tag: OutputTag) -> DataStream:
    """Return a side output directly: PyFlink's `get_side_output` adds another Python operator."""
    return DataStream(stream._j_data_stream.getSideOutput(tag.get_java_output_tag()))  # noqa: SLF001


def refused(records: DataStream) -> OutputTag:
    """Return the side output of records that Java parts refuse."""
    return OutputTag("refused", records.get_type())


def j_array(stream: DataStream) -> Any:
    """Wrap this stream in a Java array, the argument of Java's `union`."""
    gateway = get_gateway()
    array = gateway.new_array(gateway.jvm.org.apache.flink.streaming.api.datastream.DataStream, 1)
    array[0] = stream._j_data_stream  # noqa: SLF001
    return array


def j_key_by(j_stream: Any, field: int) -> Any:
    """Key a Java stream of tuples by a field, without a step through Python."""
    jvm = get_gateway().jvm
    j_type = j_stream.getType()
    key = jvm.org.apache.flink.api.common.operators.Keys.ExpressionKeys(field, j_type)
    config = j_stream.getExecutionEnvironment().getConfig()
    return j_stream.keyBy(
        jvm.org.apache.flink.streaming.util.keys.KeySelectorUtil.getSelectorForKeys(key, j_type, config)
    )


def key_by(stream: DataStream, selector: Callable[[Any], str], operator: Operator) -> KeyedStream:
    """Key a stream by a string; set uid and name of PyFlink's operator before the shuffle too."""
    keyed = stream.key_by(selector, Types.STRING())
    add_key = keyed._j_data_stream.getTransformation().getInputs()[0]  # noqa: SLF001
    add_key.setUid(operator.uid)
    add_key.setName(operator.name)
    add_key.setParallelism(stream._j_data_stream.getParallelism())  # noqa: SLF001
    return keyed


def heartbeat(env: StreamExecutionEnvironment, beats: int | None, operator: Operator) -> DataStream:
    """Return a stream of one record a second, `beats` in total or endless, with a checkpointed position.

    The records carry no data (null after the first): they keep the job alive while timers work. SQL's datagen paces
    too, but restarts from zero after a recovery.
    """
    jvm = get_gateway().jvm
    string = Types.STRING().get_java_type_info()
    datagen = jvm.org.apache.flink.connector.datagen
    source = datagen.source.DataGeneratorSource(
        datagen.functions.IndexLookupGeneratorFunction(string, [""]),
        2**63 - 1 if beats is None else beats,
        jvm.org.apache.flink.api.connector.source.util.ratelimit.RateLimiterStrategy.perSecond(1.0),
        string,
    )
    watermarks = jvm.org.apache.flink.api.common.eventtime.WatermarkStrategy.noWatermarks()
    j_env = env._j_stream_execution_environment  # noqa: SLF001
    stream = DataStream(j_env.fromSource(source, watermarks, operator.name))
    return label(stream, operator).set_parallelism(1)

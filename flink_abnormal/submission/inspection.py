"""The graph as Flink will run it, which is not always as it was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Node(NamedTuple):
    """An operator of the graph that Flink runs."""

    uid: str | None
    name: str
    operator: str
    parallelism: int
    max_parallelism: int
    slots: str


def nodes(j_graph: Any) -> list[Node]:
    """Return the operators of a Java StreamGraph; `operator` is the Java class, empty for a source."""
    from pyflink.java_gateway import get_gateway  # noqa: PLC0415

    loader = get_gateway().jvm.Thread.currentThread().getContextClassLoader()  # SQL compiles its operators
    found = []
    for node in j_graph.getStreamNodes().toArray():
        factory = node.getOperatorFactory()
        operator = factory.getStreamOperatorClass(loader).getName() if factory is not None else ""
        found.append(
            Node(
                node.getTransformationUID(),
                node.getOperatorName(),
                operator,
                node.getParallelism(),
                node.getMaxParallelism(),
                node.getSlotSharingGroup(),
            )
        )
    return found


def real_modes(graph: Iterable[Node]) -> set[str]:
    """Return the execution modes that Flink really uses: thread mode falls back to process mode silently."""
    kinds = {".python.embedded.": "thread", ".python.process.": "process"}
    return {mode for node in graph for package, mode in kinds.items() if package in node.operator}

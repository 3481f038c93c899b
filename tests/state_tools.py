"""What a snapshot must hold: the rule's counts up to where the simulated users stood in the same snapshot."""

import json

from expected import SEED

from flink_abnormal.core.model import Rule
from flink_abnormal.core.rule import decide
from flink_abnormal.core.simulation import Simulation
from flink_abnormal.pipeline.sources.simulated import Position

READ_POSITIONS = """
import json, pickle, sys
from flink_abnormal.snapshots.state_reader import KeyedState, reading

with reading(sys.argv[1], KeyedState("random-source", "position", "pickle")) as rows:
    print(json.dumps({group: pickle.loads(value) for group, value in rows}))
"""


def counts_in(cli, *arguments):
    """Return each user's count as `flink-abnormal state` tells it, and the path of the snapshot that it read."""
    done = cli.run("state", *arguments)
    assert done.returncode == 0, done.stderr
    path = done.stderr.splitlines()[0].removeprefix("Snapshot: ")
    return {user: value["abnormalCount"] for user, value in json.loads(done.stdout).items()}, path


def counts_expected(cli, path):
    """Return what the rule gives for the events up to the position of each simulated user in a snapshot."""
    done = cli.run("-c", READ_POSITIONS, path, command="python")
    assert done.returncode == 0, done.stderr
    positions = {user: Position(*fields) for user, fields in json.loads(done.stdout).items()}
    simulation = Simulation(SEED, len(positions), 1000, 0.3)
    counts = {}
    for user, position in positions.items():
        count = 0
        for seq in range(position.seq):
            count, _ = decide(count, simulation.event(int(user.removeprefix("user")), seq, 0), Rule())
        counts[user] = count
    assert sum(position.seq for position in positions.values()) > len(positions), "nothing has happened"
    return {user: count for user, count in counts.items() if count}

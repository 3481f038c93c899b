import pytest
from cluster_tools import free_port

from flink_abnormal.core.errors import ClusterError, UsageError
from flink_abnormal.runtime import leader_lookup
from flink_abnormal.runtime.leader_lookup import Election


def written(url):
    """Return the beginning of what Flink writes: a block of a Java object stream that holds a string."""
    text = url.encode()
    return (
        b"\xac\xed\x00\x05w"
        + bytes([len(text) + 2])
        + len(text).to_bytes(2, "big")
        + text
        + b"sr\x00\x0ejava.util.UUID"
    )


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://jobmanager-2:8081", "jobmanager-2:8081"),
        ("https://[::1]:8081/", "[::1]:8081"),
        ("pekko.tcp://flink@localhost:35063/user/rpc/dispatcher_1", "localhost:35063"),
    ],
)
def test_an_address_is_read_from_what_flink_writes(url, address):
    assert leader_lookup.address(written(url)) == address


@pytest.mark.parametrize("data", [b"", b"http://a:1", written("pekko://flink/user/rpc/dispatcher_1"), written("")[:5]])
def test_what_holds_no_address_is_reported(data):
    with pytest.raises(ClusterError, match=r"^ZooKeeper has no readable address of a leader: b"):
        leader_lookup.address(data)


def test_the_election_is_told_by_flinks_settings():
    quorum = {"high-availability.type": "zookeeper", "high-availability.zookeeper.quorum": "zookeeper:2181"}

    assert Election.of(quorum) == ("zookeeper:2181", "/flink/default")
    assert Election.of({**quorum, "high-availability.cluster-id": "abnormal"}) == ("zookeeper:2181", "/flink/abnormal")
    assert Election.of(
        {**quorum, "high-availability.cluster-id": "/a", "high-availability.zookeeper.path.root": "/root/"}
    ) == ("zookeeper:2181", "/root/a")


@pytest.mark.parametrize(
    "settings", [{}, {"high-availability.type": "zookeeper"}, {"high-availability.zookeeper.quorum": "a:1"}]
)
def test_a_cluster_without_an_election_is_refused(settings):
    with pytest.raises(UsageError) as refused:
        Election.of(settings)

    assert str(refused.value) == (
        "This cluster elects no leader: high-availability.type is not zookeeper, or "
        "high-availability.zookeeper.quorum is missing in its config.yaml."
    )


def test_a_zookeeper_that_is_not_there_is_reported_in_time():
    nowhere = f"127.0.0.1:{free_port()}"

    with pytest.raises(ClusterError) as refused:
        leader_lookup.find(Election(nowhere, "/flink/local"), seconds=0.5)

    assert str(refused.value) == f"ZooKeeper does not answer at {nowhere}: it is down, or the address is wrong."


def test_what_the_program_does_not_know_is_refused(capsys):
    with pytest.raises(SystemExit) as ended:
        leader_lookup.main(["webui"])

    assert (ended.value.code, capsys.readouterr().err) == (2, "Error: Give host, rest, rpc or nothing, not 'webui'.\n")

import contextlib
import json
import socket

import pytest
from cluster_tools import free_port
from rest_server import raw_server, server

from flink_abnormal.core.errors import ClusterError, UsageError
from flink_abnormal.runtime import rest
from flink_abnormal.runtime.rest import Cluster

ELECTION = (503, {"errors": ["Service temporarily unavailable due to an ongoing leader election. Please refresh."]})
LOST = (
    500,
    {"errors": ["Internal server error.", "<Exception on server side:\nRecipientUnreachableException: x"]},
)
SLOTS = (200, {"slots-total": 9, "slots-available": 4})


def at(*ports):
    return Cluster.at(",".join(f"127.0.0.1:{port}" for port in ports))


def test_a_cluster_has_one_address_or_several():
    one, two = Cluster.at("http://flink:8081/"), Cluster.at("a:1, b:2")

    assert (one.addresses, one.address) == ((("flink", 8081),), "flink:8081")
    assert (two.addresses, two.address) == ((("a", 1), ("b", 2)), "a:1,b:2")


@pytest.mark.parametrize(
    "wrong", ["8081", "flink", "a:1,b", "a:1,", ":1", "a:0", "a:65536", "a:99999", "a b:1", "k@a:1", "https://a:1"]
)
def test_what_is_no_address_is_refused(wrong):
    with pytest.raises(UsageError) as refused:
        Cluster.at(wrong)

    part = wrong.split(",")[-1]
    assert str(refused.value) == (
        f"{part!r} is not the address of a JobManager: write HOST:PORT, such as 127.0.0.1:8081, with a port up to "
        "65535, and separate several with commas."
    )


def test_the_next_jobmanager_is_asked_where_one_is_gone_and_the_first_to_answer_from_then_on():
    gone = free_port()
    with server(SLOTS) as (port, asked):
        cluster = at(gone, port)
        slots = cluster.slots()

        assert slots == (9, 4)
        assert (cluster.host, cluster.port) == ("127.0.0.1", port)
        assert cluster.address == f"127.0.0.1:{gone},127.0.0.1:{port}"
        assert asked == ["GET /overview"]


@pytest.mark.parametrize("silence", [ELECTION, LOST])
def test_a_cluster_that_elects_a_leader_is_asked_again(silence):
    with server(silence, silence, SLOTS) as (port, asked):
        assert at(port).slots() == (9, 4)
        assert asked == ["GET /overview"] * 3


def test_an_election_without_end_is_reported(monkeypatch):
    monkeypatch.setattr(rest, "ELECTION_SECONDS", 0.5)
    with server(ELECTION) as (port, _), pytest.raises(ClusterError) as refused:
        at(port).slots()

    assert str(refused.value) == f"127.0.0.1:{port} has no leader, or is overloaded. See the JobManagers' logs."


def overview(**job):
    times = {"start-time": 1, "duration": 1, "tasks": {}}
    return 200, {"jobs": [{"jid": "1", "name": "job", "state": "FINISHED", **times, **job}]}


def test_the_slots_of_a_job_that_has_just_ended_are_waited_for():
    none = (200, {"slots-total": 9, "slots-available": 0})
    with server(none, overview(), SLOTS) as (port, asked):
        assert at(port).room_for(4) == (9, 4)
        assert asked == ["GET /overview", "GET /jobs/overview", "GET /overview"]


def test_slots_that_a_job_uses_or_the_cluster_lacks_are_not_waited_for():
    with server(SLOTS, overview(state="RUNNING"), SLOTS) as (port, asked):
        assert [at(port).room_for(5), at(port).room_for(10)] == [(9, 4), (9, 4)]
        assert asked == ["GET /overview", "GET /jobs/overview", "GET /overview"]


def test_slots_that_stay_taken_are_waited_for_a_while_only(monkeypatch):
    monkeypatch.setattr(rest, "FREE_SECONDS", 0.1)
    monkeypatch.setattr(Cluster, "jobs", lambda _: [])
    with server(SLOTS) as (port, _):
        assert at(port).room_for(5) == (9, 4)


def test_a_jar_is_on_the_classpath_of_the_jobmanager_by_its_whole_name():
    environment = (200, {"jvm": {}, "classpath": ["/opt/flink/lib/flink-python-2.3.0.jar", "lib/flink-dist-2.3.0.jar"]})
    with server(environment, environment, environment) as (port, asked):
        names = ("flink-python-2.3.0.jar", "flink-dist-2.3.0.jar", "python-2.3.0.jar")

        assert [at(port).has_on_classpath(name) for name in names] == [True, True, False]
        assert asked == ["GET /jobmanager/environment"] * 3


def test_a_cluster_whose_leader_is_not_elected_yet_does_not_answer():
    with server(ELECTION) as (port, asked):
        assert at(port).answers() is False
        assert asked == ["GET /overview"]


def test_a_job_that_the_cluster_knows_no_more_has_no_state():
    with server((404, {"errors": ["Job 1 not found"]}), (200, {"status": "RUNNING"})) as (port, _):
        cluster = at(port)

        assert [cluster.job_state("1"), cluster.job_state("1")] == [None, "RUNNING"]


def test_a_change_that_nobody_confirmed_is_not_asked_of_another(monkeypatch):
    monkeypatch.setattr(rest, "TIMEOUT_SECONDS", 0.2)
    with contextlib.ExitStack() as opened:
        silent = opened.enter_context(contextlib.closing(socket.create_server(("127.0.0.1", 0))))
        port, asked = opened.enter_context(server((202, {})))
        quiet = silent.getsockname()[1]
        with pytest.raises(ClusterError) as refused:
            at(quiet, port).cancel("1")

        said = f"127.0.0.1:{quiet} did not answer PATCH /jobs/1 in time: check whether it took effect."
        assert str(refused.value) == said
        assert asked == []


def test_nobody_at_any_address_is_one_sentence():
    ports = free_port(), free_port()

    with pytest.raises(ClusterError) as refused:
        at(*ports).slots()

    assert str(refused.value) == (
        f"No Flink cluster answers at 127.0.0.1:{ports[0]},127.0.0.1:{ports[1]}. Start one with `flink-abnormal "
        "cluster up`, or name another with --jobmanager HOST:PORT."
    )


def test_the_failures_of_a_job_are_those_of_the_last_series_the_newest_first():
    at_s = {"late": 1000, "later": 1060, "alone": 939.9}
    entries = [{"timestamp": int(at_s[name] * 1000), "stacktrace": name} for name in ("later", "late", "alone")]
    with server((200, {"exceptionHistory": {"entries": entries}}), (200, {"exceptionHistory": {"entries": []}})) as (
        port,
        _,
    ):
        assert at(port).failures("job") == ["later", "late"]
        assert at(port).failures("job") == ["no reason given"]


def stranger(port):
    return (
        f"What answers at 127.0.0.1:{port} is not a Flink JobManager. Name one with --jobmanager HOST:PORT, such as "
        "127.0.0.1:8081."
    )


ASKED = [
    lambda cluster: cluster.slots(),
    lambda cluster: cluster.taskmanagers(),
    lambda cluster: cluster.jobs(),
    lambda cluster: cluster.job_parameters("1"),
    lambda cluster: cluster.failures("1"),
    lambda cluster: cluster.await_end("1"),
    lambda cluster: cluster.cancel("1"),
    lambda cluster: cluster.stop("1", "file:///tmp"),
]
HTML = b"HTTP/1.1 %s\r\nContent-Type: text/html\r\n\r\n<html>Hello</html>"


@pytest.mark.parametrize("ask", ASKED)
@pytest.mark.parametrize(
    "answer",
    [HTML % status for status in (b"200 OK", b"301 Moved\r\nLocation: /login", b"401 No", b"404 No", b"500 No")]
    + [
        b"HTTP/1.1 401 No\r\n\r\n" + body
        for body in (b'{"errors": 1}', b'{"error": "login"}', b"[]", b"null", b"[" * 9999)
    ]
    + [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x15\x03\x01\x00\x02\x02\x46", b"220 mail.example ESMTP\r\n"],
)
def test_what_is_no_jobmanager_is_called_so(ask, answer):
    with raw_server(answer) as address, pytest.raises(ClusterError) as refused:
        ask(at(address.port))

    assert str(refused.value) == stranger(address.port)


@pytest.mark.parametrize("ask", [ask for ask in ASKED if ask is not ASKED[6]])
@pytest.mark.parametrize(
    "body", ["null", "[]", "{}", '"text"', "5", '{"jobs": 5, "taskmanagers": [5]}', '{"jobs": [{}]}']
)
def test_json_of_another_shape_is_no_jobmanagers(ask, body):
    with server((200, json.loads(body))) as (port, _), pytest.raises(ClusterError) as refused:
        ask(at(port))

    assert str(refused.value) == stranger(port)


@pytest.mark.parametrize("name", ["a..b", "x" * 64, "nowhere.invalid"])
def test_a_name_that_no_machine_has_is_nobody(name):
    with pytest.raises(ClusterError) as refused:
        Cluster.at(f"{name}:8081").slots()

    assert str(refused.value).startswith(f"No Flink cluster answers at {name}:8081.")


def test_an_answer_that_is_broken_off_is_none():
    with (
        raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{") as address,
        pytest.raises(ClusterError) as refused,
    ):
        at(address.port).slots()

    assert str(refused.value).startswith(f"No Flink cluster answers at 127.0.0.1:{address.port}.")

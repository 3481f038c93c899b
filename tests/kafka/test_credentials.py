"""A broker that asks for credentials: right ones, wrong ones, too weak ones; and one that gives a wrong address."""

import subprocess

import pytest
from cluster_tools import free_ports
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic
from conftest import lines, wait_until

from flink_abnormal.runtime import java

LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
PROPERTIES = """process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=SECURE://127.0.0.1:{port},ELSEWHERE://127.0.0.1:{elsewhere},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=SECURE://127.0.0.1:{port},ELSEWHERE://127.0.0.1:1
listener.security.protocol.map=SECURE:SASL_PLAINTEXT,ELSEWHERE:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=SECURE
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.enabled.mechanisms=PLAIN
listener.name.secure.plain.sasl.jaas.config={login} username="admin" password="right" user_admin="right" user_kim="kim";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:admin;User:ANONYMOUS
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.dirs={folder}/data
"""


@pytest.fixture(scope="module")
def secured(tmp_path_factory, connectors):
    """The ports of a broker: one that asks for credentials, and one that advertises an address where nobody listens."""
    folder = tmp_path_factory.mktemp("secured")
    port = free_ports(3)
    places = {"port": port, "elsewhere": port + 1, "controller": port + 2, "folder": folder, "login": LOGIN}
    file = folder / "server.properties"
    file.write_text(PROPERTIES.format(**places))
    command = [java.find() / "bin" / "java", "-Xmx256m", "-cp", f"{connectors}/kafka/*"]
    id_ = "--cluster-id=AAAAAAAAAAAAAAAAAAAAAQ"
    subprocess.run([*command, "kafka.tools.StorageTool", "format", id_, "--config", file], check=True, timeout=60)
    with (folder / "broker.log").open("wb") as log:
        broker = subprocess.Popen([*command, "kafka.Kafka", file], stdout=log, stderr=log)
    try:
        admin = AdminClient(client(port, "admin", "right"))
        wait_until(lambda: answers(admin), "the broker", 60)
        for made in admin.create_topics([NewTopic("events", 1), NewTopic("alerts", 1), NewTopic("dead", 1)]).values():
            made.result(30)
        yield port, port + 1
    finally:
        broker.kill()
        broker.wait(30)


def answers(admin):
    """Whether a broker answers."""
    try:
        return bool(admin.list_topics(timeout=2).brokers)
    except KafkaException:
        return False


def client(port, user, password):
    """Return librdkafka's settings."""
    settings = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN", "log_level": 0}
    return {**settings, "bootstrap.servers": f"127.0.0.1:{port}", "sasl.username": user, "sasl.password": password}


def test_credentials_work_or_what_they_lack_is_said_and_so_is_an_address_that_leads_nowhere(cli, secured, tmp_path):
    secure, elsewhere = secured
    events = tmp_path / "events.jsonl"
    events.write_text("".join(f'{{"userId": "kim", "isAbnormal": true, "n": {number}}}\n' for number in range(3)))

    def connection(port, user=None, password=None):
        if user is None:
            return "--bootstrap", f"127.0.0.1:{port}"
        file = tmp_path / "client.properties"
        login = f'{LOGIN} \\\n    username="{user}" password="{password}";'
        file.write_text(f"sasl.mechanism=PLAIN\nsasl.jaas.config={login}\n")
        secrets = ("--kafka-property", "security.protocol=SASL_PLAINTEXT", "--kafka-properties", file)
        return *connection(port), *secrets

    def run(*connected):
        job = ["--source", "kafka", "--topic", "events", "--until", "latest", *connection(*connected)]
        job += ["--sink", "kafka", "--alerts-topic", "alerts", "--dead-letters-topic", "dead"]
        return cli.run("run", *cli.job(*job))

    def refusal(*given):
        done = run(*given)
        return done.returncode, done.stderr.splitlines()[-1]

    sent = cli.run("produce", "--topic", "events", "--input", events, *connection(secure, "admin", "right"))
    assert sent.stdout.startswith("Sent 3 messages to events in "), sent.stderr
    good = run(secure, "admin", "right")
    assert good.returncode == 0, good.stderr
    (alert,) = cli.run("consume", *connection(secure, "admin", "right")).stdout.splitlines()
    assert '"userId":"kim","count":3,' in alert
    listed = cli.run("kafka", "transactions", *connection(secure, "admin", "right"))
    assert (listed.returncode, listed.stdout) == (0, "No transaction is open.\n"), listed.stderr
    unread = cli.run("kafka", "transactions", *connection(secure), "--kafka-properties", tmp_path / "none")
    assert (unread.returncode, unread.stderr) == (
        2,
        f"Error: --kafka-properties {tmp_path}/none can't be read: No such file or directory.\n",
    )
    refused = cli.run("consume", *connection(secure, "admin", "wrong"))
    assert (refused.returncode, refused.stderr) == (
        4,
        f"Error: Kafka at 127.0.0.1:{secure} can't be used: the brokers refuse these credentials.\n",
    )
    unknown = cli.run("consume", *connection(secure), "--kafka-property", "reconnect.patience=9")
    assert (unknown.returncode, unknown.stderr) == (
        2,
        "Error: Kafka's client for produce and consume refuses the properties: No such configuration property: "
        '"reconnect.patience"\n',
    )
    assert lines(good.stdout, "read ")[0].endswith("events: abnormal 3, normal 0; alerts 1")
    assert refusal(secure, "admin", "wrong") == (
        4,
        f"Error: Kafka at 127.0.0.1:{secure} can't be used: the brokers refuse these credentials.",
    )
    assert refusal(secure, "kim", "kim") == (
        2,
        "Error: --topic events: the brokers don't let these credentials use the topic.",
    )
    assert refusal(elsewhere) == (
        4,
        f"Error: Broker 1 of 127.0.0.1:{elsewhere} says that its address is 127.0.0.1:1, which can't be reached from "
        "here: Connection refused. Correct the broker's advertised.listeners.",
    )

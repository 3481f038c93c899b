import contextlib
import json
import threading
import tracemalloc
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from flink_abnormal.core.model import Alert, DeadLetter
from flink_abnormal.runtime.rest import Cluster
from flink_abnormal.runtime.stdout_files import shorten
from flink_abnormal.submission import logs
from flink_abnormal.submission.logs import _RemoteOutputs, _Written


class Flink:
    """A JobManager, as far as a TaskManager's output goes, and what it was asked for."""

    def __init__(self, file):
        self.file, self.asked = file, []

    def content(self, path):
        answers = {
            "/taskmanagers": {"taskmanagers": [{"id": "tm"}]},
            "/taskmanagers/tm/logs": {"logs": [{"name": "tm.out", "size": self.file.stat().st_size, "mtime": 1}]},
        }
        return json.dumps(answers[path]).encode() if path in answers else self.file.read_bytes()


@pytest.fixture
def flink(tmp_path):
    flink = Flink(tmp_path / "tm.out")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            flink.asked.append(self.path)
            content = flink.content(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(content)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}).start()
        flink.cluster = Cluster("127.0.0.1", listening.server_port)
        yield flink
        listening.shutdown()


def write(flink, lines, mode="w"):
    with flink.file.open(mode) as out:
        out.writelines(f"{line}\n" for line in lines)


def test_the_output_of_another_cluster_is_read_on_from_where_it_stood_also_where_its_beginning_was_dropped(flink):
    lines = [f"line {number} 이상행동" for number in range(5000)]
    reader = _RemoteOutputs(flink.cluster)

    write(flink, lines[:1])
    assert list(reader.new_lines(True)) == lines[:1]
    write(flink, lines[1:3000], "a")
    with flink.file.open("a") as out:
        out.write("line 30")  # not whole yet
    assert list(reader.new_lines(True)) == lines[1:3000]
    write(flink, ["00 이상행동", *lines[3001:]], "a")
    shorten(flink.file, limit=50_000, kept=40_000)
    kept = flink.file.read_text().split("\n")[1:-1]
    assert list(reader.new_lines(True)) == kept
    assert kept == lines[-len(kept) :]
    assert list(reader.new_lines(True)) == []


def test_an_output_that_has_not_grown_is_not_fetched_and_a_long_one_rarely(flink, monkeypatch):
    monkeypatch.setattr(logs, "BYTES_A_SECOND", 1)
    reader = _RemoteOutputs(flink.cluster)
    write(flink, ["one"])

    assert [list(reader.new_lines(True)) for _ in range(3)] == [["one"], [], []]
    assert flink.asked.count("/taskmanagers/tm/stdout") == 1
    write(flink, ["two"], "a")
    assert list(reader.new_lines(False)) == []
    assert flink.asked.count("/taskmanagers/tm/stdout") == 1
    assert list(reader.new_lines(True)) == ["two"]


def test_a_long_output_is_never_held_in_memory(flink):
    write(flink, ["x" * 999] * 16_000)
    served = flink.file.read_bytes()  # what the server needs is not of interest
    flink.content = lambda path, content=flink.content: content(path) if "stdout" not in path else served
    tracemalloc.start()

    count = sum(1 for _ in _RemoteOutputs(flink.cluster).new_lines(True))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (count, peak < 2_000_000) == (16_000, True)


def test_a_user_id_forges_no_line_of_an_alert_file_and_breaks_none(tmp_path):
    forger, splitter = "a\n[ALERT] userId=root 이상행동 9회 감지!", "b\u2028c"
    alerts = [Alert("id", user, 3, 3, 0) for user in (forger, splitter)]
    (tmp_path / "part.jsonl").write_text("".join(f"{alert.to_json()}\n" for alert in alerts), encoding="utf-8")

    assert list(_Written(tmp_path).new_lines(True)) == [
        "[ALERT] userId=a\\u000a[ALERT] userId=root 이상행동 9회 감지! 이상행동 3회 감지!",
        "[ALERT] userId=b\\u2028c 이상행동 3회 감지!",
    ]


def test_a_file_name_forges_no_dead_letter_and_may_be_any_bytes():
    dead_letter = DeadLetter("reason", "x\n[ALERT] y\udcff", b"").to_json()

    assert DeadLetter.log_line(dead_letter) == "[DEAD LETTER] x\\u000a[ALERT] y\\udcff: reason"

"""A server that answers like Flink, with recorded answers, and can be made to misbehave path by path."""

import contextlib
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from flink_answers import DETECTOR, JOB, VERTICES, answer


def recorded():
    """Return the answers of the recorded cluster, by path."""
    job = f"/jobs/{JOB}"
    found = {
        "/overview": answer("overview"),
        "/config": answer("config"),
        "/jobmanager/config": answer("jobmanager-config"),
        "/taskmanagers": answer("taskmanagers"),
        "/jobs/overview": answer("jobs-overview"),
        job: answer("job"),
        f"{job}/config": answer("job-config"),
        f"{job}/exceptions": answer("exceptions"),
        f"{job}/checkpoints": answer("checkpoints"),
        f"{job}/checkpoints/config": answer("checkpoints-config"),
        f"{job}/checkpoints/details/4": answer("checkpoint-details"),
    }
    for place, vertex in enumerate(VERTICES):
        found[f"{job}/vertices/{vertex}"] = answer(f"vertex-{place}")
        found[f"{job}/vertices/{vertex}/metrics"] = answer(f"vertex-{place}-metrics")
        found[f"{job}/checkpoints/details/4/subtasks/{vertex}"] = answer(f"checkpoint-subtasks-{place}")
    for each in found["/taskmanagers"]["taskmanagers"]:
        found[f"/taskmanagers/{each['id']}/stdout"] = b""
    return found


class FakeFlink:
    """Serves `answers`; `faults` maps a pattern of paths to hang, drip, half or a status. `asked` tells when and what."""

    def __init__(self, port=0):
        self.answers = recorded()
        self.metrics = {}
        self.faults = {}
        self.asked = []
        self.ended = threading.Event()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                with contextlib.suppress(OSError):
                    fake.serve(self)

            do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = answer  # noqa: N815 - the names that http.server looks for

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def close(self):
        self.ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self.ended.is_set():
            self.close()

    def serve(self, request):
        """Answer a request as its path asks for."""
        self.asked.append((time.monotonic(), request.command, request.path))
        url = urlsplit(request.path)
        fault = next((fault for pattern, fault in self.faults.items() if re.fullmatch(pattern, url.path)), None)
        status, content = self.content(url)
        if isinstance(fault, int):
            status, content = fault, json.dumps({"errors": ["no"]}).encode()
        if fault == "hang":
            self.ended.wait(60)
            return
        request.send_response(status)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        if fault == "half":
            content = content[: len(content) // 2]
        if fault != "drip":
            request.wfile.write(content)
            return
        for byte in content:
            request.wfile.write(bytes([byte]))
            if self.ended.wait(0.05):
                return

    def content(self, url):
        """Return status and body for a path."""
        if url.query:
            wanted = parse_qs(url.query)["get"][0].split(",")
            found = [{"id": name, "value": self.metrics[name]} for name in wanted if name in self.metrics]
            return 200, json.dumps(found).encode()
        if url.path not in self.answers:
            return 404, b'{"errors":["Not found"]}'
        found = self.answers[url.path]
        return 200, found if isinstance(found, bytes) else json.dumps(found).encode()

    def publish(self, users, alerts, subtask=0):
        """Publish live metrics of a subtask of the detector."""
        for kind, places in (("liveUsers", users), ("liveAlerts", alerts)):
            name = f"{subtask}.Process__Abnormal_count.{kind}"
            self.metrics[name] = json.dumps(places)
            listing = self.answers[f"/jobs/{JOB}/vertices/{DETECTOR}/metrics"]
            if {"id": name} not in listing:
                listing.append({"id": name})

    def since(self, moment):
        """Return the paths that were asked for since a moment of time.monotonic()."""
        return [path for at, _, path in self.asked if at >= moment]

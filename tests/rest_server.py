"""A REST API that gives answers written beforehand."""

import contextlib
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from flink_abnormal.runtime.bounded import Address


@contextlib.contextmanager
def server(*answers):
    """Serve these answers on a port of its own, one after the other and the last for ever; yields port and requests."""
    left, asked = list(answers), []

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            asked.append(f"{self.command} {self.path}")
            status, body = left.pop(0) if len(left) > 1 else left[0]
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PATCH = do_POST = answer  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_):
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield listening.server_port, asked
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


@contextlib.contextmanager
def raw_server(*parts, pause=0.0):
    """Send these bytes to whoever connects, with a pause before each; yields the address."""
    ended = threading.Event()

    def serve(listening):
        with contextlib.suppress(OSError):
            connected, _ = listening.accept()
            with connected:
                connected.recv(65536)
                for part in parts:
                    if ended.wait(pause):
                        return
                    connected.sendall(part)
                if pause:
                    ended.wait(30)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        try:
            yield Address("127.0.0.1", listening.getsockname()[1])
        finally:
            ended.set()
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            thread.join()

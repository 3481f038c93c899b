"""HTTP requests that end in time, whatever the server does.

An ordinary client's timeout restarts with each byte: a server that drips its response blocks it for ever. Here one
deadline covers the connection, the headers and the body, and the body has a size limit.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple

from flink_abnormal.core.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import WriteableBuffer

MAX_JSON_BYTES: Final = 8 * 2**20
_CHUNK_BYTES: Final = 2**16


class Address(NamedTuple):
    """The address of a JobManager's REST API."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Answer(NamedTuple):
    """A response."""

    status: int
    content: bytes

    @property
    def ok(self) -> bool:
        """Whether the request succeeded; a redirect is no success."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


class NobodyListensError(ClusterError):
    """Nothing listens at the address: the process is gone, or the address is wrong."""


class TooSlowError(ClusterError):
    """Something listens, but did not complete its response in time: check its machine's load, or its log."""


class BrokenOffError(TooSlowError):
    """The connection ended before the response did: the process is gone, or is no server of this kind."""


class StrangerError(TooSlowError):
    """The response is not HTTP: another program listens there."""


class TooLongError(ClusterError):
    """The response exceeds its size limit."""


class Request(NamedTuple):
    """What is asked of an address, and the bounds of its answer. Its errors are those of any client."""

    address: Address
    path: str
    seconds: float
    most: int = MAX_JSON_BYTES
    method: str = "GET"
    body: bytes = b""

    def __str__(self) -> str:
        return f"{self.method} {self.path[:80]}"

    def nobody_listens(self, reason: object) -> NobodyListensError:
        """Return the error of an address that refuses connections."""
        return NobodyListensError(f"Nothing listens at {self.address}: {reason}.")

    def too_slow(self) -> TooSlowError:
        """Return the error of a response that was not complete in time."""
        return TooSlowError(f"{self.address} did not answer {self} within {self.seconds:.1f} s.")

    def unfinished(self, kind: type[TooSlowError], why: Exception) -> TooSlowError:
        """Return the error of a connection that broke off, or of a response that is none."""
        return kind(f"{self.address} did not finish its answer to {self}: {type(why).__name__}.")

    def append(self, chunk: bytes, content: bytearray) -> None:
        """Append to the content of the response; raise TooLongError beyond its limit."""
        content += chunk
        if len(content) > self.most:
            raise TooLongError(f"An answer is longer than {self.most} bytes.")


class _Reader(io.RawIOBase):
    """Reads a socket until a deadline (of `time.monotonic()`)."""

    def __init__(self, connected: socket.socket, deadline: float) -> None:
        super().__init__()
        self._socket, self._deadline = connected, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)
        return self._socket.recv_into(buffer)


class _Connected:
    """The only part of a socket that http.client needs to read a response."""

    def __init__(self, connected: socket.socket, deadline: float) -> None:
        self._socket, self._deadline = connected, deadline

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return a reader for the response."""
        return io.BufferedReader(_Reader(self._socket, self._deadline))


def get(address: Address, path: str, *, seconds: float, most: int = MAX_JSON_BYTES) -> Answer:
    """Return the response to a GET within `seconds` and `most` bytes.

    Raises NobodyListensError, TooSlowError or TooLongError.
    """
    return send(Request(address, path, seconds, most))


def send(request: Request) -> Answer:
    """Return the response to a request, as `get` does."""
    content = bytearray()
    with responding(request) as response:
        for chunk in chunks(response):
            request.append(chunk, content)
        return Answer(response.status, bytes(content))


@contextlib.contextmanager
def responding(request: Request) -> Iterator[http.client.HTTPResponse]:
    """Send a request, and yield the response, whose body is still to be read: all of it within the request's time."""
    address, seconds = request.address, request.seconds
    deadline = time.monotonic() + seconds
    try:
        connected = socket.create_connection((address.host.strip("[]"), address.port), timeout=seconds)
    except TimeoutError:
        raise TooSlowError(f"{address} did not accept a connection within {seconds:.1f} s.") from None
    except (OSError, UnicodeError, OverflowError) as error:  # or an invalid host name or port
        raise request.nobody_listens(getattr(error, "strerror", None) or error) from None
    try:
        with connected:
            connected.settimeout(seconds)
            connected.sendall(_bytes(request))
            with http.client.HTTPResponse(_Connected(connected, deadline)) as response:  # type: ignore[arg-type]
                response.begin()
                yield response
    except TimeoutError:
        raise request.too_slow() from None
    except (OSError, http.client.IncompleteRead) as error:  # RemoteDisconnected is also an HTTPException
        raise request.unfinished(BrokenOffError, error) from None
    except (http.client.HTTPException, ValueError) as error:
        raise request.unfinished(StrangerError, error) from None


def chunks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """Yield the body of a response, of any length."""
    while chunk := response.read(_CHUNK_BYTES):
        yield chunk
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)


def _bytes(request: Request) -> bytes:
    address, path, body = request.address, request.path, request.body
    typed = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    head = f"{request.method} {path} HTTP/1.1\r\nHost: {address}\r\n{typed}Connection: close\r\n\r\n"
    return head.encode("ascii") + body

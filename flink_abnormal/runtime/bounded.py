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
    from collections.abc import Generator, Iterator

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
    """The part of a socket that http.client needs to read a response."""

    def __init__(self, connected: socket.socket, deadline: float) -> None:
        self._socket, self._deadline = connected, deadline

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return a reader for the response."""
        return io.BufferedReader(_Reader(self._socket, self._deadline))


def get(address: Address, path: str, *, seconds: float, most: int = MAX_JSON_BYTES) -> Answer:
    """Return the response to a GET within `seconds` and `most` bytes.

    Raises NobodyListensError, TooSlowError or TooLongError.
    """
    return send(address, "GET", path, seconds=seconds, most=most)


def send(
    address: Address, method: str, path: str, body: bytes = b"", *, seconds: float, most: int = MAX_JSON_BYTES
) -> Answer:
    """Return the response to a request, with a JSON body if any, as `get` does."""
    status, chunks = stream(address, method, path, body, seconds=seconds)
    content = bytearray()
    with contextlib.closing(chunks):
        for chunk in chunks:
            content += chunk
            if len(content) > most:
                raise TooLongError(f"An answer is longer than {most} bytes.")
    return Answer(status, bytes(content))


def stream(
    address: Address, method: str, path: str, body: bytes = b"", *, seconds: float
) -> tuple[int, Generator[bytes]]:
    """Return a response's status, and a stream of its bytes of any number; all of it within `seconds`."""
    chunks = _chunks(address, method, path, body, seconds)
    return int(next(chunks)), chunks


def _chunks(address: Address, method: str, path: str, body: bytes, seconds: float) -> Generator[bytes]:
    """Yield the status, as digits, then the response's bytes."""
    deadline = time.monotonic() + seconds
    asked = f"{method} {path[:80]}"
    try:
        connected = socket.create_connection((address.host.strip("[]"), address.port), timeout=seconds)
    except TimeoutError:
        raise TooSlowError(f"{address} did not accept a connection within {seconds:.1f} s.") from None
    except (OSError, UnicodeError, OverflowError) as error:  # or an invalid host name or port
        reason = getattr(error, "strerror", None) or error
        raise NobodyListensError(f"Nothing listens at {address}: {reason}.") from None
    try:
        with connected:
            connected.settimeout(seconds)
            connected.sendall(_request(address, method, path, body))
            yield from _answer(connected, deadline)
    except TimeoutError:
        raise TooSlowError(f"{address} did not answer {asked} within {seconds:.1f} s.") from None
    except (OSError, http.client.IncompleteRead) as error:  # RemoteDisconnected is also an HTTPException
        raise BrokenOffError(f"{address} did not finish its answer to {asked}: {type(error).__name__}.") from None
    except (http.client.HTTPException, ValueError) as error:
        raise StrangerError(f"{address} did not finish its answer to {asked}: {type(error).__name__}.") from None


def _request(address: Address, method: str, path: str, body: bytes) -> bytes:
    typed = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    return f"{method} {path} HTTP/1.1\r\nHost: {address}\r\n{typed}Connection: close\r\n\r\n".encode("ascii") + body


def _answer(connected: socket.socket, deadline: float) -> Iterator[bytes]:
    response = http.client.HTTPResponse(_Connected(connected, deadline))  # type: ignore[arg-type]  # makefile is all
    try:
        response.begin()
        yield str(response.status).encode()
        while chunk := response.read(_CHUNK_BYTES):
            yield chunk
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)
    finally:
        response.close()

"""A GET that ends in time, whatever the other side does.

The timeout of an ordinary client begins anew with each byte: a server that drips its answer holds it for ever. Here the
deadline is one for the connection, the headers and the body together, and the body has a limit of bytes.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from flink_abnormal.errors import ClusterError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from flink_abnormal.runtime.rest import Address

MAX_JSON_BYTES: Final = 8 * 2**20
_CHUNK_BYTES: Final = 2**16


class Answer(NamedTuple):
    """What came back."""

    status: int
    content: bytes


class NobodyListensError(ClusterError):
    """Nothing listens at the address: the process is gone, or the address is wrong."""


class TooSlowError(ClusterError):
    """Something listens, and gave no whole answer in time: look at its machine's load, or its log."""


class TooLongError(ClusterError):
    """The answer is longer than what is read of one."""


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
    """The part of a socket that http.client reads an answer from."""

    def __init__(self, connected: socket.socket, deadline: float) -> None:
        self._socket, self._deadline = connected, deadline

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return what the answer is read from."""
        return io.BufferedReader(_Reader(self._socket, self._deadline))


def get(address: Address, path: str, *, seconds: float, most: int = MAX_JSON_BYTES) -> Answer:
    """Return the answer to a GET within `seconds` and `most` bytes.

    Raises NobodyListensError, TooSlowError or TooLongError.
    """
    deadline = time.monotonic() + seconds
    try:
        connected = socket.create_connection((address.host, address.port), timeout=seconds)
    except TimeoutError:
        raise TooSlowError(f"{address} did not take a connection within {seconds:.1f} s.") from None
    except OSError as error:
        raise NobodyListensError(f"Nobody listens at {address}: {error.strerror or error}.") from None
    try:
        with connected:
            connected.settimeout(seconds)
            connected.sendall(_request(address, path))
            return _answer(connected, deadline, most)
    except TimeoutError:
        raise TooSlowError(f"{address} did not answer GET {path[:80]} within {seconds:.1f} s.") from None
    except (OSError, http.client.HTTPException) as error:
        raise TooSlowError(f"{address} broke off its answer to GET {path[:80]}: {type(error).__name__}.") from None


def _request(address: Address, path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode("ascii")


def _answer(connected: socket.socket, deadline: float, most: int) -> Answer:
    response = http.client.HTTPResponse(_Connected(connected, deadline))  # type: ignore[arg-type]  # makefile is all
    try:
        response.begin()
        content = bytearray()
        while chunk := response.read(_CHUNK_BYTES):
            content += chunk
            if len(content) > most:
                raise TooLongError(f"An answer is longer than {most} bytes.")
        if response.length:
            raise http.client.IncompleteRead(bytes(content[:0]), response.length)
        return Answer(response.status, bytes(content))
    finally:
        response.close()

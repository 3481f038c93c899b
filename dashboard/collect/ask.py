"""The only way from here to Flink: GETs of listed paths, at a limited pace, each bounded in time and bytes."""

from __future__ import annotations

import asyncio
import os
import re
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import aiohttp
from yarl import URL

from dashboard.collect.fields import Field
from flink_abnormal.core.errors import ClusterError
from flink_abnormal.runtime.bounded import MAX_JSON_BYTES, Answer, BrokenOffError, Request, StrangerError
from flink_abnormal.runtime.rest import elects

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flink_abnormal.runtime.bounded import Address

JSON_SECONDS: Final = 3.0
FILE_SECONDS: Final = 10.0
MAX_FILE_BYTES: Final = 80 * 2**20
_ID: Final = "[0-9a-f]{32}"
ALLOWED: Final = tuple(
    re.compile(pattern)
    for pattern in (
        "/overview",
        "/config",
        "/jobmanager/config",
        "/taskmanagers",
        r"/taskmanagers/[\w.:-]+/stdout",
        "/jobs/overview",
        f"/jobs/{_ID}",
        f"/jobs/{_ID}/config",
        f"/jobs/{_ID}/exceptions",
        f"/jobs/{_ID}/checkpoints",
        f"/jobs/{_ID}/checkpoints/config",
        rf"/jobs/{_ID}/checkpoints/details/\d+",
        rf"/jobs/{_ID}/checkpoints/details/\d+/subtasks/{_ID}",
        f"/jobs/{_ID}/vertices/{_ID}",
        rf"/jobs/{_ID}/vertices/{_ID}/metrics(\?get=[\w.:,%-]+)?",
    )
)


class AskError(Exception):
    """Flink gave no answer that can be used; `str()` says why in a sentence."""


class SilentError(AskError):
    """No JobManager answers for the cluster."""


class AbsentError(AskError):
    """Flink knows nothing of what was asked for."""


class Pace:
    """Limits requests a second; the last ones of a burst are reserved for urgent requests."""

    def __init__(self, per_second: float) -> None:
        self.per_second: Final = per_second
        self._burst = max(per_second / 4, 2.0)
        self._tokens, self._at = self._burst, time.monotonic()
        self._taken: list[float] = []

    async def take(self, *, urgent: bool) -> None:
        """Wait until a request may be sent."""
        while (wait := self._try(0.0 if urgent else 1.0)) > 0:  # noqa: ASYNC110 - another request may come first
            await asyncio.sleep(wait)

    def _try(self, reserve: float) -> float:
        now = time.monotonic()
        self._tokens = min(self._tokens + (now - self._at) * self.per_second, self._burst)
        self._at = now
        if self._tokens < 1 + reserve:
            return (1 + reserve - self._tokens) / self.per_second
        self._tokens -= 1
        self._taken = [taken for taken in self._taken if taken > now - 10] + [now]
        return 0.0

    def measured(self) -> float:
        """Return the requests a second of the last ten seconds."""
        now = time.monotonic()
        return sum(taken > now - 10 for taken in self._taken) / 10


def connections() -> aiohttp.ClientSession:
    """Return the connections that requests share: as many as it takes, so that one that hangs holds up no other."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("Accept-Encoding", "User-Agent"),
    )


class Asker:
    """Asks the JobManagers that serve, the leader first."""

    def __init__(self, session: aiohttp.ClientSession, pace: Pace, serving: Callable[[], Sequence[Address]]) -> None:
        self._session, self._pace, self._serving = session, pace, serving

    async def json(self, path: str, *, urgent: bool = False) -> Field:
        """Return the answer to a GET; raise AskError or Unreadable."""
        content = await self._any(path, JSON_SECONDS, MAX_JSON_BYTES, urgent=urgent)
        return Field.parse(content, path.split("?", 1)[0])

    async def stdout(self, taskmanager: str) -> bytes:
        """Return a TaskManager's output; only the JobManager that leads can hand it out."""
        return await self._any(f"/taskmanagers/{taskmanager}/stdout", FILE_SECONDS, MAX_FILE_BYTES, urgent=False)

    async def of(self, address: Address, path: str) -> bytes:
        """Return one JobManager's answer; SilentError if it can't answer for the cluster, else ClusterError."""
        return await self._one(Request(address, path, JSON_SECONDS), urgent=True)

    async def _any(self, path: str, seconds: float, most: int, *, urgent: bool) -> bytes:
        failed: AskError = SilentError("No JobManager answers for the cluster.")
        for address in self._serving():
            try:
                return await self._one(Request(address, path, seconds, most), urgent=urgent)
            except AskError as error:
                failed = error
            except ClusterError as error:
                failed = AskError(str(error))
        raise failed

    async def _one(self, request: Request, *, urgent: bool) -> bytes:
        if not any(allowed.fullmatch(request.path) for allowed in ALLOWED):
            raise AskError(f"GET {request.path[:80]!r} is not an allowed request.")
        await self._pace.take(urgent=urgent)
        answer = await get(self._session, request)
        if answer.status == HTTPStatus.OK:
            return answer.content
        if elects(*answer):
            raise SilentError(f"{request.address} is electing a leader, or has lost it.")
        if answer.status == HTTPStatus.NOT_FOUND:
            raise AbsentError(f"Flink has nothing at {request.path[:80]}.")
        raise AskError(f"Flink refused {request}: status {answer.status}.")


async def get(session: aiohttp.ClientSession, request: Request) -> Answer:
    """Return the response to a GET: one deadline for connection, headers and body together.

    Raises the errors of `runtime/bounded.py`.
    """
    timeout = aiohttp.ClientTimeout(total=request.seconds)
    try:
        url = URL(f"http://{request.address}{request.path}", encoded=True)
        async with session.get(url, allow_redirects=False, timeout=timeout) as response:
            content = bytearray()
            async for chunk in response.content.iter_any():
                request.append(chunk, content)
            return Answer(response.status, bytes(content))
    except asyncio.TimeoutError:
        raise request.too_slow() from None
    except aiohttp.ClientConnectorError as error:
        known = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise request.nobody_listens(known or error) from None
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError, aiohttp.ClientOSError) as error:
        raise request.unfinished(BrokenOffError, error) from None
    except (aiohttp.ClientError, ValueError) as error:
        raise request.unfinished(StrangerError, error) from None

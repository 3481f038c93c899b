"""The S3 store of checkpoints: its settings, a check that it is writable, and its objects.

Its address and keys are in the environment, for every way to start something. Flink's own S3 client is a plugin (`make
connectors`); requests from here, before Flink starts, use the `minio` package, which supports any S3 store.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import time
import uuid
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from flink_abnormal.core.errors import AbnormalError, MachineError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

ENDPOINT: Final = "S3_ENDPOINT"
ACCESS_KEY: Final = "S3_ACCESS_KEY"
SECRET_KEY: Final = "S3_SECRET_KEY"  # noqa: S105 - the name of a variable
REGION: Final = "S3_REGION"
DEFAULT_REGION: Final = "us-east-1"

SCHEME: Final = "s3"
CONNECT_SECONDS: Final = 3
ANSWER_SECONDS: Final = 10
BUCKET_SECONDS: Final = 60.0

_WRONG_KEYS: Final = ("InvalidAccessKeyId", "SignatureDoesNotMatch")


class UnansweredError(MachineError):
    """Nobody responds at S3_ENDPOINT, or not yet: start the store, or correct the address."""


class Object(NamedTuple):
    """An object in a bucket: its key below the requested prefix, and its size in bytes."""

    key: str
    size: int
    changed: datetime


def is_s3(folder: str) -> bool:
    """Whether a folder's URI names an S3 store."""
    return folder.startswith(f"{SCHEME}://")


def flink_settings() -> dict[str, str]:
    """Return the environment's S3 settings in Flink's keys, without the access keys; empty if there are none.

    Flink would write the keys into its configuration, and the access key into its log and its REST responses.
    """
    endpoint = os.environ.get(ENDPOINT, "")
    if not endpoint and not keys():
        return {}
    told = {"s3.endpoint": endpoint} if endpoint else {}
    # Stores other than Amazon's have no host name per bucket; Amazon's accepts the path too.
    return {**told, "s3.path.style.access": "true", "s3.region": _region()}


def keys() -> dict[str, str]:
    """Return the environment's keys under the variables that Flink's S3 client reads."""
    told = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
    return {variable: os.environ[name] for variable, name in told.items() if os.environ.get(name)}


def without_keys(uri: str) -> str:
    """Return a URI with any user and password masked, for messages and logs."""
    return re.sub(r"(?<=//)[^/]*@", "***@", uri)


def split(uri: str) -> tuple[str, str]:
    """Return the bucket and prefix (without outer slashes) of an s3:// URI."""
    bucket, _, prefix = uri.removeprefix(f"{SCHEME}://").partition("/")
    if "@" in bucket:
        raise UsageError(f"{without_keys(uri)} names a user: give the keys as {ACCESS_KEY} and {SECRET_KEY} instead.")
    if not bucket:
        raise UsageError(f"{uri} names no bucket: write s3://BUCKET/FOLDER.")
    return bucket, prefix.strip("/")


def check_writable(uri: str) -> None:
    """Raise an error that names the cause if nothing can be written below an s3:// URI."""
    bucket, prefix = split(uri)
    key = "/".join(part for part in (prefix, f"_written-to-try-{uuid.uuid4().hex}") if part)
    client = _client(uri)
    with _sentences(uri):
        client.put_object(bucket, key, io.BytesIO(b""), 0)
        client.remove_object(bucket, key)


def objects(uri: str) -> Iterator[Object]:
    """Yield the objects below an s3:// URI, at any depth."""
    bucket, prefix = split(uri)
    start = f"{prefix}/" if prefix else ""
    pages = _client(uri).list_objects(bucket, prefix=start, recursive=True)
    while True:
        with _sentences(uri):
            found = next(pages, None)
        if found is None:
            return
        yield Object(str(found.object_name).removeprefix(start), int(found.size or 0), found.last_modified)


def holds(uri: str) -> bool:
    """Whether there is an object at an s3:// URI."""
    bucket, key = split(uri)
    with _sentences(uri):
        return any(found.object_name == key for found in _client(uri).list_objects(bucket, prefix=key))


def write(uri: str, content: bytes) -> None:
    """Write an object at an s3:// URI."""
    bucket, key = split(uri)
    with _sentences(uri):
        _client(uri).put_object(bucket, key, io.BytesIO(content), len(content))


def make_bucket(name: str, seconds: float = BUCKET_SECONDS) -> bool:
    """Create a bucket if it is missing, and return whether it was; wait at most `seconds` for a starting store."""
    deadline = time.monotonic() + seconds
    uri = f"{SCHEME}://{name}"
    client = _client(uri)
    while True:
        try:
            with _sentences(uri):
                return _make_missing(client, name)
        except UnansweredError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def _make_missing(client: Any, name: str) -> bool:
    if client.bucket_exists(name):
        return False
    client.make_bucket(name)
    return True


def _region() -> str:
    return os.environ.get(REGION) or DEFAULT_REGION


def _client(uri: str) -> Any:
    missing = [name for name in (ENDPOINT, ACCESS_KEY, SECRET_KEY) if not os.environ.get(name)]
    if missing:
        raise UsageError(f"{uri} is in an S3 store, which needs {' and '.join(missing)} in the environment.")
    endpoint = os.environ[ENDPOINT]
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or parts.path.strip("/"):
        told = without_keys(endpoint)
        raise UsageError(f"{ENDPOINT} is not the address of an S3 store: {told!r}. Write http://HOST:PORT.")
    import certifi  # noqa: PLC0415
    import urllib3  # noqa: PLC0415
    from minio import Minio  # noqa: PLC0415 - slow to import, and most runs need none

    return Minio(
        parts.netloc,
        access_key=os.environ[ACCESS_KEY],
        secret_key=os.environ[SECRET_KEY],
        secure=parts.scheme == "https",
        region=_region(),
        http_client=urllib3.PoolManager(  # the package's own client retries for minutes
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=ANSWER_SECONDS),
            retries=False,
            ca_certs=os.environ.get("SSL_CERT_FILE") or certifi.where(),
        ),
    )


@contextlib.contextmanager
def _sentences(uri: str) -> Iterator[None]:
    """Turn each kind of refusal by the store into an error of its own."""
    from minio.error import InvalidResponseError, S3Error, ServerError  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    try:
        yield
    except S3Error as error:
        raise _refusal(str(error.code), str(error.message), uri) from None
    except InvalidResponseError as error:
        raise MachineError(f"{uri}: what answers at {os.environ[ENDPOINT]} is not an S3 store: {error}.") from None
    except (HTTPError, ServerError):
        raise UnansweredError(
            f"{uri}: no S3 store answers at {os.environ[ENDPOINT]}. Start it, or correct {ENDPOINT}."
        ) from None
    except ValueError as error:
        raise UsageError(f"{uri} can't be used: {error}.") from None


def _refusal(code: str, message: str, uri: str) -> AbnormalError:
    bucket, _ = split(uri)
    where = f"the S3 store at {os.environ[ENDPOINT]}"
    if code == "NoSuchBucket":
        return UsageError(f"{uri}: {where} has no bucket {bucket!r}. Create it, or name another.")
    if code in _WRONG_KEYS:
        return UsageError(f"{uri}: {where} rejects the keys. Correct {ACCESS_KEY} and {SECRET_KEY}.")
    if code == "AccessDenied":
        return UsageError(f"{uri}: {where} denies these keys what a job needs: to list, read, write and delete.")
    if code in ("XMinioServerNotInitialized", "SlowDown", "ServiceUnavailable", "InternalError"):
        return UnansweredError(f"{uri}: {where} is not ready: {message or code}")
    return MachineError(f"{uri}: {where} refuses: {message or code}")

import time

import pytest
from cluster_tools import free_port
from rest_server import raw_server

from flink_abnormal.runtime import bounded
from flink_abnormal.runtime.bounded import Address, NobodyListensError, TooLongError, TooSlowError

OK = b"HTTP/1.1 200 OK\r\n"


def drip(text):
    return [bytes([byte]) for byte in text]


@pytest.mark.parametrize(
    ("sent", "status", "content"),
    [
        (OK + b"Content-Length: 2\r\n\r\n{}", 200, b"{}"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 200, b"{}"),
        (OK + b"\r\n{}", 200, b"{}"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx", 404, b"x"),
    ],
)
def test_an_answer_is_its_status_and_its_bytes(sent, status, content):
    with raw_server(sent) as address:
        assert bounded.get(address, "/overview", seconds=5) == (status, content)


@pytest.mark.parametrize(
    "parts",
    [
        [],
        drip(OK + b"Content-Length: 2000\r\n\r\n"),
        [OK + b"Content-Length: 2000\r\n\r\n", *drip(b"x" * 100)],
        [OK + b"Transfer-Encoding: chunked\r\n\r\n", *drip(b"2\r\n{}\r\n" * 20)],
    ],
    ids=["silent", "dripping headers", "dripping body", "dripping chunks"],
)
def test_whatever_a_server_does_the_deadline_holds(parts):
    with raw_server(*parts, pause=0.1) as address:
        began = time.monotonic()
        with pytest.raises(TooSlowError) as refused:
            bounded.get(address, "/overview", seconds=0.7)
        taken = time.monotonic() - began

    assert str(refused.value) == f"{address} did not answer GET /overview within 0.7 s."
    assert 0.6 < taken < 1.5


@pytest.mark.parametrize("sent", [OK + b"Content-Length: 9\r\n\r\n{}", b"", b"SSH-2.0-x\r\n", OK[:9]])
def test_half_an_answer_is_none(sent):
    with raw_server(sent) as address, pytest.raises(TooSlowError) as refused:
        bounded.get(address, "/overview", seconds=5)

    assert str(refused.value).startswith(f"{address} did not finish its answer to GET /overview: ")


def test_an_answer_that_is_too_long_is_not_read_to_its_end():
    with raw_server(OK + b"\r\n" + b"x" * 200_000) as address, pytest.raises(TooLongError) as refused:
        bounded.get(address, "/overview", seconds=5, most=100_000)

    assert str(refused.value) == "An answer is longer than 100000 bytes."


def test_nobody_listens():
    address = Address("127.0.0.1", free_port())

    with pytest.raises(NobodyListensError) as refused:
        bounded.get(address, "/overview", seconds=5)

    assert str(refused.value) == f"Nothing listens at {address}: Connection refused."

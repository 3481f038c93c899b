import socket

import pytest

from flink_abnormal.core.errors import MachineError, UsageError
from flink_abnormal.runtime import s3


@pytest.fixture
def environment(monkeypatch):
    """The S3 settings of the environment: none but those a test sets."""
    for name in (s3.ENDPOINT, s3.ACCESS_KEY, s3.SECRET_KEY, s3.REGION):
        monkeypatch.delenv(name, raising=False)

    def told(**values):
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return told


def refusal(error, call, *arguments):
    with pytest.raises(error) as refused:
        call(*arguments)
    return str(refused.value)


def test_without_settings_flink_is_told_nothing(environment):
    assert s3.flink_settings() == {}


def test_an_empty_setting_is_none(environment):
    environment(S3_ENDPOINT="", S3_ACCESS_KEY="", S3_SECRET_KEY="", S3_REGION="")
    assert s3.flink_settings() == {}


def test_the_settings_reach_flink_in_its_own_keys_and_the_keys_by_the_environment_alone(environment):
    environment(S3_ENDPOINT="http://minio:9000", S3_ACCESS_KEY="me", S3_SECRET_KEY="secret")
    assert s3.keys() == {"AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": "secret"}
    assert s3.flink_settings() == {
        "s3.endpoint": "http://minio:9000",
        "s3.path.style.access": "true",
        "s3.region": "us-east-1",
    }


def test_the_region_is_a_setting(environment):
    environment(S3_ENDPOINT="http://minio:9000", S3_REGION="eu-west-1")
    assert s3.flink_settings()["s3.region"] == "eu-west-1"


@pytest.mark.parametrize(
    ("uri", "parts"),
    [
        ("s3://flink", ("flink", "")),
        ("s3://flink/", ("flink", "")),
        ("s3://flink/checkpoints/", ("flink", "checkpoints")),
        ("s3://flink/a/b", ("flink", "a/b")),
    ],
)
def test_a_uri_is_a_bucket_and_a_prefix(uri, parts):
    assert s3.split(uri) == parts


def test_a_uri_without_a_bucket_is_refused():
    assert refusal(UsageError, s3.split, "s3:///checkpoints") == (
        "s3:///checkpoints names no bucket: write s3://BUCKET/FOLDER."
    )


def test_what_is_missing_in_the_environment_is_named(environment):
    environment(S3_ACCESS_KEY="me")
    assert refusal(UsageError, s3.check_writable, "s3://flink/checkpoints") == (
        "s3://flink/checkpoints is in an S3 store, which needs S3_ENDPOINT and S3_SECRET_KEY in the environment."
    )


@pytest.mark.parametrize(
    "endpoint", ["minio:9000", "ftp://minio", "http://", "http://host/bucket", "http://me:pw@host"]
)
def test_an_endpoint_that_is_no_address_is_refused(environment, endpoint):
    environment(S3_ENDPOINT=endpoint, S3_ACCESS_KEY="me", S3_SECRET_KEY="secret")
    assert refusal(UsageError, s3.check_writable, "s3://flink") == (
        f"S3_ENDPOINT is not the address of an S3 store: {endpoint.replace('me:pw', '***')!r}. Write http://HOST:PORT."
    )


def test_a_bucket_that_no_store_would_take_is_refused(environment):
    environment(S3_ENDPOINT="http://127.0.0.1:9", S3_ACCESS_KEY="me", S3_SECRET_KEY="secret")
    assert refusal(UsageError, s3.check_writable, "s3://B_/x").startswith("s3://B_/x can't be used: ")


def test_an_endpoint_where_nobody_answers_is_refused(environment):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and never listens
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
        environment(S3_ENDPOINT=endpoint, S3_ACCESS_KEY="me", S3_SECRET_KEY="secret")
        for call in (s3.check_writable, lambda uri: list(s3.objects(uri)), s3.holds):
            assert refusal(MachineError, call, "s3://flink/checkpoints") == (
                f"s3://flink/checkpoints: no S3 store answers at {endpoint}. Start it, or correct S3_ENDPOINT."
            )


def test_a_bucket_is_not_waited_for_longer_than_told(environment):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        environment(
            S3_ENDPOINT=f"http://127.0.0.1:{taken.getsockname()[1]}", S3_ACCESS_KEY="me", S3_SECRET_KEY="secret"
        )
        assert "no S3 store answers" in refusal(MachineError, s3.make_bucket, "flink", 0.0)

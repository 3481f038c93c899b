import pytest

from flink_abnormal.jvm.jar import Jars
from flink_abnormal.runtime import distribution


@pytest.fixture(scope="module")
def flink_environment(tmp_path_factory):
    """The environment, in this process, in which PyFlink starts its JVM: nothing runs in it yet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(distribution.HOME_VARIABLE, str(tmp_path_factory.mktemp("home")))
        for name, value in distribution.prepare().items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def java_parts(flink_environment, tmp_path_factory):
    """The Java parts; once, since Py4J takes classes of one name for one class."""
    from flink_abnormal.jvm import parts

    return parts.build(Jars(tmp_path_factory.mktemp("parts"), distribution.connectors()))

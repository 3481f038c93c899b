import pytest
from composition import Composition, need_docker


@pytest.fixture(autouse=True, scope="session")
def docker():
    """Every test here needs it."""
    need_docker()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Add to a failed test's report how its containers are and what they last said: they are removed soon."""
    report = yield
    for used in item.funcargs.values():
        if report.failed and isinstance(used, Composition):
            report.sections.append(("containers", used.run("ps", "--all").stdout))
            report.sections.append(("their last lines", used.run("logs", "--tail", 15).stdout))
    return report

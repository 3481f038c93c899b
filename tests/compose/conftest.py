import pytest
from composition import need_docker


@pytest.fixture(autouse=True, scope="session")
def docker():
    """Every test here needs it."""
    need_docker()

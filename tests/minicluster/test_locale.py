"""What the host's language and encoding are makes no difference to a job."""

import shutil
import subprocess
from datetime import datetime, timezone
from pathlib import Path

import pytest
from conftest import records

FAILED = "{} LabSZ sshd[24200]: Failed password for kim from 203.0.113.7 port 38926 ssh2\n"
AT = ["Dec  9 06:55:46", "Dec  9 06:55:48", "Dec 10 06:55:50"]


def auth_log(folder):
    folder.mkdir()
    file = folder / "auth.log.1"
    file.write_text("".join(FAILED.format(at) for at in AT), encoding="utf-8")
    return file


@pytest.fixture
def korean(tmp_path):
    """The environment of a host that speaks Korean; the locale is made here, since few machines have it."""
    if shutil.which("localedef") is None or not Path("/usr/share/i18n/locales/ko_KR").exists():
        pytest.skip("the sources of locales are missing (Debian: apt-get install locales)")
    folder = tmp_path / "locales"
    folder.mkdir()
    subprocess.run(["localedef", "-i", "ko_KR", "-f", "UTF-8", folder / "ko_KR.UTF-8"], check=True, timeout=60)
    return {"LC_ALL": "ko_KR.UTF-8", "LANG": "ko_KR.UTF-8", "LOCPATH": str(folder)}


def test_an_auth_log_is_read_where_months_have_other_names(cli, tmp_path, korean):
    months = ["date", "+%b", "-d", "2024-12-10"]
    assert subprocess.run(months, env=cli.env | korean, capture_output=True, check=True).stdout.decode() == "12월\n"

    done = cli.run(
        "run",
        *cli.job("--source", "files", "--input", auth_log(tmp_path / "in"), "--format", "sshd", "--year", 2024),
        *("--sink", "files", "--output", tmp_path / "out"),
        env=korean,
    )

    assert done.returncode == 0, done.stderr
    assert records(tmp_path / "out", "dead-letters") == []
    (alert,) = records(tmp_path / "out", "alerts")
    assert alert["timestamp"] == datetime(2024, 12, 10, 6, 55, 50, tzinfo=timezone.utc).timestamp() * 1000


@pytest.mark.parametrize("engine", ["python", "jvm"])
def test_korean_lines_and_paths_are_what_they_are_under_an_ascii_locale(cli, tmp_path, engine):
    log = auth_log(tmp_path / "입력")

    done = cli.run(
        "run",
        *cli.job("--source", "files", "--input", log, "--format", "sshd", folder=tmp_path / "체크포인트"),
        *("--engine", engine),
        *("--sink", "print", "--sink", "files", "--output", tmp_path / "결과"),
        env={"LANG": "C", "LC_ALL": "C"},
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "[ALERT] userId=kim 이상행동 3회 감지!\n"
        "read 3 = valid 3 + skipped 0 + dead-lettered 0; events: abnormal 3, normal 0; alerts 1\n"
    )
    assert [alert["userId"] for alert in records(tmp_path / "결과", "alerts")] == ["kim"]
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} >= {"입력", "체크포인트", "결과"}

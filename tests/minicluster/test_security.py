import re

import requests
from conftest import lines, wait_until
from listening import open_to_others


def test_an_embedded_run_listens_on_this_machine_alone_and_answers_no_other_website(cli):
    process = cli.start("run", *cli.job("--interval", "50ms"))
    wait_until(lambda: lines(process.output.read_text(encoding="utf-8"), "[Source Emit]"), "the first event")

    assert open_to_others([process.pid]) == set()
    told = "".join(file.read_text(errors="replace") for file in (cli.folder / ".flink" / "log").glob("*.log"))
    (port,) = set(re.findall(r"Rest endpoint listening at \S+:(\d+)", told))
    origins = ({}, {"Origin": "http://evil.example"})
    answers = [requests.get(f"http://127.0.0.1:{port}/overview", headers=origin, timeout=20) for origin in origins]
    assert [answer.status_code for answer in answers] == [200, 403]

from rest_server import server

from flink_abnormal import keep
from flink_abnormal.runtime.rest import Cluster
from flink_abnormal.settings import JOB_NAME


def test_the_guard_chooses_by_itself_where_the_job_starts_from(cli):
    refused = cli.run("keep", "--interval", "1s", "--from=latest", "--detached")
    assert (refused.returncode, refused.stdout, refused.stderr) == (
        2,
        "",
        "Error: keep chooses --detached, --from itself: leave it out.\n",
    )


def test_an_obstacle_that_comes_back_is_told_again(monkeypatch, capsys):
    monkeypatch.setattr(keep, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(keep, "PATIENCE_SECONDS", 0.0)
    obstacle = (500, {"errors": ["Out of memory."]})

    def listed(state):
        job = {"jid": "1", "name": JOB_NAME, "state": state, "start-time": 0, "duration": 0, "tasks": {}}
        return 200, {"jobs": [job]}

    with server(obstacle, obstacle, listed("RUNNING"), obstacle, listed("FINISHED")) as (port, _):
        ended = keep.Guard(Cluster(port=port), []).run()

    assert ended.state == "FINISHED"
    assert capsys.readouterr().err.splitlines() == [
        "Waiting: Flink refused GET /jobs/overview: Out of memory.",
        "Guarding job 1.",
        "Waiting: Flink refused GET /jobs/overview: Out of memory.",
    ]

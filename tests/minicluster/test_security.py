from conftest import lines, wait_until
from listening import open_to_others


def test_an_embedded_run_listens_on_this_machine_alone(cli):
    process = cli.start("run", *cli.job("--interval", "50ms"))
    wait_until(lambda: lines(process.output.read_text(encoding="utf-8"), "[Source Emit]"), "the first event")

    assert open_to_others([process.pid]) == set()

import gzip

from conftest import lines


def test_a_job_that_fails_at_once_again_and_again_is_given_up_with_its_reason(cli, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "cut.jsonl.gz").write_bytes(gzip.compress(b'{"userId": "kim", "isAbnormal": true}\n' * 9)[:-12])

    done = cli.run("run", *cli.job("--source", "files", "--input", folder), seconds=150)

    assert done.returncode == 5
    assert set(lines(done.stderr, "The job is RESTARTING")) == {
        f"The job is RESTARTING: a task failed. The reason stands in {cli.folder / '.flink' / 'log'}."
    }
    assert lines(done.stderr, "Error:") == [
        f"Error: The job failed: Unexpected end of ZLIB input stream (more in {cli.folder / '.flink' / 'log'})"
    ]
    assert "Traceback" not in done.stderr

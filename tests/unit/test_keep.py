def test_the_guard_chooses_by_itself_where_the_job_starts_from(cli):
    refused = cli.run("keep", "--interval", "1s", "--from=latest", "--detached")
    assert (refused.returncode, refused.stdout, refused.stderr) == (
        2,
        "",
        "Error: keep chooses --detached, --from itself: leave it out.\n",
    )

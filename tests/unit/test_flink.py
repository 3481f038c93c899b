import pytest

from flink_abnormal.cli.flink import WITH_VALUE, WITHOUT_VALUE, Run, split

JOB = "jobs/abnormal.py"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("", Run([], None, [])),
        (f"-py {JOB}", Run(["-py", JOB], JOB, [])),
        (f"--python {JOB} --users 5", Run(["--python", JOB], JOB, ["--users", "5"])),
        (f"-d -p 2 -py {JOB} -m host:1", Run(["-d", "-p", "2", "-py", JOB, "-m", "host:1"], JOB, [])),
        (f"-Da=b -D c=d -py {JOB} --seed 1", Run(["-Da=b", "-D", "c=d", "-py", JOB], JOB, ["--seed", "1"])),
        (f"-py {JOB} --from latest -p 4", Run(["-py", JOB], JOB, ["--from", "latest", "-p", "4"])),
        (f"-py {JOB} word -d", Run(["-py", JOB], JOB, ["word", "-d"])),
        ("-c Main job.jar --users 5", Run(["-c", "Main"], None, ["job.jar", "--users", "5"])),
        ("-d -py", Run(["-d"], None, ["-py"])),
    ],
)
def test_what_flink_does_not_know_and_all_behind_it_is_the_scripts(arguments, expected):
    assert split(arguments.split()) == expected


@pytest.mark.parametrize("name", sorted(WITH_VALUE - {"-py", "--python"}))
def test_an_option_with_a_value_takes_it_along(name):
    run = split([name, "value", "-py", JOB, "--users", "5"])
    assert run == Run([name, "value", "-py", JOB], JOB, ["--users", "5"])


@pytest.mark.parametrize("name", sorted(WITHOUT_VALUE))
def test_an_option_without_a_value_takes_none_along(name):
    assert split([name, "-py", JOB, "--users", "5"]) == Run([name, "-py", JOB], JOB, ["--users", "5"])


@pytest.mark.parametrize(
    ("arguments", "command_line"),
    [
        (f"-py {JOB} --from latest", f"-py {JOB} -- --from latest"),
        (f"-d -py {JOB}", f"-d -py {JOB}"),
        ("-c Main job.jar --users 5", "-c Main job.jar --users 5"),
    ],
)
def test_the_scripts_arguments_are_kept_apart_from_flinks(arguments, command_line):
    assert split(arguments.split()).command_line() == command_line.split()


def test_the_value_of_an_option_is_found_by_any_of_its_names():
    run = split(f"-p 4 --target remote -py {JOB} -m host:1 --users 5".split())
    assert run.value("-p", "--parallelism") == "4"
    assert run.value("-t", "--target") == "remote"
    assert run.value("-m", "--jobmanager") == "host:1"
    assert run.value("-s", "--fromSavepoint") is None


def test_the_scripts_options_are_not_taken_for_flinks():
    assert split(["-py", JOB, "--users", "5", "-p", "9"]).value("-p", "--parallelism") is None


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-py", "j.py", "--", "--users", "5"], Run(["-py", "j.py"], "j.py", ["--users", "5"])),
        (["--python=j.py", "--users", "5"], Run(["--python", "j.py"], "j.py", ["--users", "5"])),
        (["-p4", "-py", "j.py"], Run(["-p", "4", "-py", "j.py"], "j.py", [])),
    ],
)
def test_other_spellings_of_flinks_options_are_understood(arguments, expected):
    assert split(arguments) == expected

from pathlib import Path

import pytest
import rich_click as click
from click.testing import CliRunner

from flink_abnormal.cli.flink import WITH_VALUE, WITHOUT_VALUE
from flink_abnormal.cli.options import Duration, default_text, job_options, option_groups
from flink_abnormal.core.durations import duration_text
from flink_abnormal.core.errors import UsageError
from flink_abnormal.core.settings import Settings, SinkSettings, default_checkpoint_dir, from_values, options
from flink_abnormal.core.source_settings import FileSettings, FormatSettings, RandomSettings


@click.command()
@job_options
def command(**values):
    return from_values(values)


def invoke(*arguments):
    return CliRunner().invoke(command, arguments, standalone_mode=False)


def given(*arguments):
    result = invoke(*arguments)
    assert result.exception is None
    return result.return_value


def refusal(*arguments):
    error = invoke(*arguments).exception
    assert isinstance(error, click.ClickException)
    return error.format_message()


@pytest.fixture
def config(tmp_path):
    def write(content):
        file = tmp_path / "job.yaml"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(file)

    return write


def test_the_defaults_of_the_command_line_are_those_of_the_settings():
    assert given() == Settings()


def test_every_name_and_every_flag_stands_once():
    names = [name for _, name, _, _ in options()]
    flags = [flag for _, _, option, _ in options() for flag in option.flag.split("/")]
    assert len(set(names)) == len(names)
    assert len(set(flags)) == len(flags)


def test_every_flag_is_free_of_flinks_own_names():
    flags = {flag for each in command.params for flag in (*each.opts, *each.secondary_opts)}
    flinks = {*WITH_VALUE, *WITHOUT_VALUE, "-yid", "--yarnapplicationId"}
    assert flags & flinks == set()


def test_every_option_stands_in_one_group_of_the_help():
    listed = [flag for group in option_groups() for flag in group["options"]]
    assert sorted(listed) == sorted(each.opts[0] for each in command.params)


def test_a_default_is_shown_as_it_is_typed():
    shown = {name: default_text(option, default) for _, name, option, default in options()}
    picked = ("interval_ms", "roll_ms", "emit_log", "follow", "sinks", "abnormal_rate", "input", "abnormal_values")
    assert [shown[name] for name in picked] == ["5s", "2min", "emit-log", "no-follow", "print", "0.3", "", ""]


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1ms", 1),
        ("5s", 5_000),
        ("5 sec", 5_000),
        ("0.5s", 500),
        ("2m", 120_000),
        ("2min", 120_000),
        ("1.5h", 5_400_000),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text, milliseconds):
    assert given("--interval", text).random.interval_ms == milliseconds


@pytest.mark.parametrize("text", ["5", "s", "", "5d", "5S", "-5s", "1s 2ms", "1e3s", "1.s"])
def test_what_is_no_duration_is_refused(text):
    assert refusal("--interval", text) == (
        f"Invalid value for '--interval': {text!r} is not a duration such as 500ms, 5s, 2min or 1h."
    )


@pytest.mark.parametrize(
    ("flag", "text", "least"), [("--interval", "0s", 1), ("--interval", "0.5ms", 1), ("--roll", "999ms", 1_000)]
)
def test_a_duration_that_is_too_short_is_refused(flag, text, least):
    assert refusal(flag, text) == (
        f"Invalid value for '{flag}': {text!r} is too short: at least {least}ms, in whole milliseconds."
    )


@pytest.mark.parametrize(
    ("milliseconds", "text"), [(1, "1ms"), (1_500, "1500ms"), (90_000, "90s"), (300_000, "5min"), (7_200_000, "2h")]
)
def test_a_duration_is_written_the_shortest_way(milliseconds, text):
    assert duration_text(milliseconds) == text


def test_a_seed_is_a_number_or_drawn(monkeypatch):
    monkeypatch.setattr("secrets.randbelow", lambda bound: bound - 1)
    assert given("--seed", "random").random.seed == 2**31 - 1
    assert given("--seed", "-7").random.seed == -7
    assert refusal("--seed", "x") == "Invalid value for '--seed': 'x' is neither a whole number nor 'random'."


def test_flags_reach_their_place_in_the_settings():
    settings = given(
        *("--source", "files", "--input", "in", "--abnormal-values", "FAIL, LOCKED,", "--follow"),
        *("--sink", "print", "--sink", "files", "--output", "out", "--from", "latest"),
    )
    assert settings.files == FileSettings("in", follow=True)
    assert settings.records == FormatSettings(abnormal_values=("FAIL", "LOCKED"))
    assert settings.sink == SinkSettings(("print", "files"), "out")
    assert settings.state.restore_from == "latest"


def test_a_value_out_of_its_range_is_refused():
    assert refusal("--users", "0") == "Invalid value for '--users': 0 is not in the range 1<=x<=1000000."
    assert refusal("--abnormal-rate", "1.1") == "Invalid value for '--abnormal-rate': 1.1 is not in the range 0<=x<=1."


def test_flags_win_over_a_config_file(config):
    file = config("users: 5\ninterval: 2s\nemit-log: false\n")
    expected = RandomSettings(users=7, interval_ms=2_000, emit_log=False)
    assert given("--config", file, "--users", "7").random == expected
    assert given("--users", "7", "--config", file).random == expected


@pytest.mark.parametrize("sinks", ["files", "[files]"])
def test_a_config_file_may_hold_one_value_or_a_list(config, sinks):
    settings = given("--config", config(f"sink: {sinks}\noutput: out\nabnormal-values: [FAIL, true, 3]\n"))
    assert settings.sink == SinkSettings(("files",), "out")
    assert settings.records.abnormal_values == ("FAIL", "true", "3")


def test_an_empty_config_file_changes_nothing(config):
    assert given("--config", config("# nothing yet\n")) == Settings()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("usrs: 5", " has an unknown option 'usrs'. Did you mean 'users'?"),
        ("--users: 5", " has an unknown option '--users'. Did you mean 'users'?"),
        ("users: [5", " is not YAML: while parsing a flow sequence."),
        ("users: 5\nusers: 6", " is not YAML: while constructing a mapping."),
        (b"\xff", " is not YAML: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte."),
        ("- users", " must contain lines such as `users: 5`."),
        ("users", " must contain lines such as `users: 5`."),
    ],
)
def test_a_config_file_that_makes_no_sense_is_refused(config, content, why):
    file = config(content)
    assert refusal("--config", file) == f"Invalid value for '--config': {file!r}{why}"


def test_an_option_that_resembles_none_is_answered_with_all_that_are_known(config):
    file = config("zzzzz: 5")
    known = ", ".join(sorted(option.flag.split("/")[0].removeprefix("--") for _, _, option, _ in options()))
    assert refusal("--config", file) == (
        f"Invalid value for '--config': {file!r} has an unknown option 'zzzzz'. Known options: {known}."
    )


def test_a_config_file_that_is_missing_is_refused(tmp_path):
    missing = str(tmp_path / "missing.yaml")
    assert refusal("--config", missing) == (
        f"Invalid value for '--config': {missing!r} can't be read: No such file or directory."
    )


def test_a_value_in_a_config_file_is_checked_as_a_flag_is(config):
    file = config("interval: 5")
    assert refusal("--config", file) == "Invalid value for '--interval': 5 has no unit: write 5s or 5ms."


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ("--source files", "--source files reads from --input, which is missing: add --input FILE or FOLDER."),
        ("--sink files", "--sink files writes below --output, which is missing: add --output FOLDER."),
        ("--output out", "--output is used by --sink files only: add --sink files, or leave --output out."),
        ("--input in", "--input is read by --source files only: add --source files, or leave --input out."),
    ],
)
def test_options_that_do_not_fit_one_another_are_refused(arguments, why):
    error = invoke(*arguments.split()).exception
    assert isinstance(error, UsageError)
    assert str(error) == why


@pytest.mark.parametrize(
    ("arguments", "detectors"),
    [
        (("--source", "files", "--input", "log"), 1),
        (("--source", "files", "--input", "log", "--process-parallelism", "2"), 2),
        (("--source", "files", "--input", "log", "--engine", "jvm"), None),
        (("--source", "files", "--input", "log", "--execution-mode", "process"), None),
        ((), None),
    ],
)
def test_embedded_python_has_one_detector_for_what_comes_at_full_speed(arguments, detectors):
    settings = given(*arguments)

    assert settings.embedded_layout.process_parallelism == detectors


@pytest.mark.parametrize(
    ("settings", "bounded"),
    [
        (Settings(), False),
        (Settings(random=RandomSettings(events=1)), True),
        (Settings("files", files=FileSettings("in")), True),
        (Settings("files", files=FileSettings("in", follow=True)), False),
    ],
)
def test_a_run_is_bounded_where_its_input_ends(settings, bounded):
    assert settings.bounded is bounded


@pytest.mark.parametrize(
    ("text", "milliseconds"), [("1.001s", 1001), ("0.001s", 1), ("2min", 120_000), ("8784h", 31_622_400_000)]
)
def test_a_duration_is_exact(text, milliseconds):
    assert Duration(1).convert(text, None, None) == milliseconds


@pytest.mark.parametrize("text", ["1" + "0" * 400 + "s", "99999999999h", "nan", "5000", "1.5ms"])
def test_a_duration_that_makes_no_sense_is_refused(text):
    with pytest.raises(click.BadParameter):
        Duration(1).convert(text, None, None)


@pytest.mark.parametrize("line", ["users: 5.5", "users: true", "interval: 5000", "seed: 1.7", "sink: []"])
def test_a_value_of_a_wrong_type_in_the_yaml_file_is_refused(tmp_path, line):
    file = tmp_path / "abnormal.yaml"
    file.write_text(line)

    @click.command()
    @job_options
    def command(**values):
        from_values(values)

    done = CliRunner().invoke(command, ["--config", str(file)])

    assert done.exit_code != 0


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("source:", "source has no value: give it one, or leave the line out."),
        ("input: ~", "input has no value: give it one, or leave the line out."),
        ("users: {a: b}", "users takes a whole number, not {'a': 'b'}."),
        ("source: [random]", "source takes text, not ['random']: put it in quotes."),
        ("output: 2024-03-01", "output takes text, not datetime.date(2024, 3, 1): put it in quotes."),
        ("user-field: true", "user-field takes text, not True: put it in quotes."),
        ("follow: maybe", "follow takes true or false, not 'maybe'."),
        ("interval: [5s]", "interval takes one value, not ['5s']."),
        ("sink: [print, ]\nabnormal-values: [[FAIL]]", "abnormal-values takes a list of values, not of ['FAIL']."),
        ("sink: [null]", "sink takes a list of values, not of None."),
    ],
)
def test_a_value_of_the_yaml_file_that_is_empty_or_of_another_shape_is_refused_by_its_name(config, line, why):
    file = config(line)
    assert refusal("--config", file) == f"Invalid value for '--config': {file!r}: {why}"


def test_a_yaml_file_that_no_parser_could_read_is_refused(config):
    deep = config("[" * 1000)
    assert refusal("--config", deep) == f"Invalid value for '--config': {deep!r} is nested too deeply."


def test_a_tilde_is_the_home_wherever_a_path_is_given(config, monkeypatch):
    monkeypatch.setenv("HOME", "/home/kim")
    paths = ["--input", "~/in", "--output", "~/out", "--checkpoint-dir", "~", "--from", "~/chk-1", "--sink", "files"]
    file = config("source: files\ninput: ~/in\noutput: ~/out\ncheckpoint-dir: '~'\nfrom: ~/chk-1\nsink: files\n")

    for settings in (given("--source", "files", *paths), given("--config", file)):
        assert (settings.files.input, settings.sink.output) == ("/home/kim/in", "/home/kim/out")
        assert (settings.state.checkpoint_dir, settings.state.restore_from) == ("/home/kim", "/home/kim/chk-1")
    monkeypatch.setenv("HOME", str(Path(file).parent))
    assert given("--config", f"~/{Path(file).name}", "--source", "files").files.input.endswith("/in")


@pytest.mark.parametrize(
    ("path", "why"),
    [("", "a path is missing."), ("x" * 5000, f"{'x' * 60!r}… is too long for a path."), (" ", "a path is missing.")],
)
def test_what_can_be_no_path_is_refused(path, why):
    assert refusal("--source", "files", "--input", path) == f"Invalid value for '--input': {why}"


def test_a_rate_that_is_no_number_is_refused():
    with pytest.raises(UsageError, match="--abnormal-rate is a share from 0 to 1, not nan"):
        Settings(random=RandomSettings(abnormal_rate=float("nan"))).check()


def test_the_environment_names_another_default_for_checkpoints(monkeypatch):
    monkeypatch.setenv("FLINK_ABNORMAL_CHECKPOINT_DIR", "file:///data/checkpoints")
    assert default_checkpoint_dir() == "file:///data/checkpoints"
    monkeypatch.setenv("FLINK_ABNORMAL_CHECKPOINT_DIR", "")
    assert default_checkpoint_dir() == "file:///tmp/flink-checkpoints"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--user-field", ","], "--user-field names no field: write a name, or several separated by commas."),
        (
            ["--format", "sshd", "--user-field", "name,host"],
            "--user-field of --format sshd takes name, address, or name,address, not host.",
        ),
        (
            ["--abnormal-values", "FAIL,1", "--normal-values", "OK,1.0"],
            "--abnormal-values and --normal-values both contain 1: a value can mean only one of them.",
        ),
    ],
)
def test_fields_and_values_that_cannot_be_are_refused(options, message):
    error = invoke(*options).exception
    assert (type(error), str(error)) == (UsageError, message)


def test_the_fields_and_values_of_a_record_reach_their_place_in_the_settings():
    settings = given(
        "--user-field", "user.name,source.ip", "--normal-values", "OK, 0", "--timestamp-field", "@timestamp"
    )
    assert settings.records == FormatSettings(
        user_field="user.name,source.ip", normal_values=("OK", "0"), timestamp_field="@timestamp"
    )

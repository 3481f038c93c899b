"""`flink-abnormal`: run the job, submit it to a cluster, look after both."""

from __future__ import annotations

import sys
from typing import Any

import rich_click as click

from flink_abnormal import __version__, launch
from flink_abnormal.attend import attend
from flink_abnormal.errors import AbnormalError
from flink_abnormal.options import job_options, option_groups
from flink_abnormal.settings import from_values


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="flink-abnormal")
def cli() -> None:
    """Detect abnormal user behaviour in a stream of events, on Apache Flink."""


@cli.command()
@job_options
def run(**values: Any) -> None:
    """Run the job embedded, in this process and a JVM of its own, until it ends or Ctrl-C."""
    launched = launch.launch(from_values(values), launch.EMBEDDED)
    attend(launched, resume="flink-abnormal run --from latest")


def main() -> None:
    """Run the command line; a user's mistake is one sentence and an exit code, never a traceback."""
    click.rich_click.OPTION_GROUPS = {f"flink-abnormal {verb}": option_groups() for verb in ("run", "submit")}
    try:
        cli.main(standalone_mode=True)
    except AbnormalError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()

"""The console scripts' entry points: Ctrl-C is handled before any slow import."""

from __future__ import annotations

import os
import signal


def flink_abnormal() -> None:
    """Run `flink-abnormal`."""
    _end_at_ctrl_c()
    from flink_abnormal.cli.main import main  # noqa: PLC0415

    main()


def flink() -> None:
    """Run `flink`."""
    _end_at_ctrl_c()
    from flink_abnormal.cli.flink import main  # noqa: PLC0415

    main()


def job() -> None:
    """Run `jobs/abnormal.py`."""
    _end_at_ctrl_c()
    from flink_abnormal.cli.job import main  # noqa: PLC0415

    main()


def ticker() -> None:
    """Run `jobs/ticker.py`."""
    _end_at_ctrl_c()
    from flink_abnormal.cli import job as scripts  # noqa: PLC0415

    scripts.main(scripts.ticker)


def _end_at_ctrl_c() -> None:
    """End at once on Ctrl-C: there is nothing to clean up yet. `command.run` replaces this handler."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))

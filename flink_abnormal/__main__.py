"""`python -m flink_abnormal` is `flink-abnormal`."""

from flink_abnormal.cli import start

start.flink_abnormal()

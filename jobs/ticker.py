"""The ticker as Flink takes it: `flink run -py jobs/ticker.py [OPTIONS]`, or `python jobs/ticker.py` embedded."""

from flink_abnormal.cli import start

if __name__ == "__main__":
    start.ticker()

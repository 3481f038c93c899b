"""The job as Flink takes it: `flink run -py jobs/abnormal.py [OPTIONS]`, or `python jobs/abnormal.py` embedded."""

from flink_abnormal.cli import start

if __name__ == "__main__":
    start.job()

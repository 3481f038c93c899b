"""Real-time detection of abnormal user behaviour on Apache Flink."""

__version__ = "0.1.0"

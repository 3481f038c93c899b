"""Java, the pip-installed Flink distribution, local clusters and their REST API: everything around a job.

Imports core, and jvm for compiled parts; knows no job.
"""

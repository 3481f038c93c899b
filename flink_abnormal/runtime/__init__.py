"""Java, the pip-installed Flink distribution, local clusters and their REST API: what runs a job, from outside.

Imports core, and jvm for what is compiled; knows no job.
"""

"""From options to a running job: checks, graph, execution; then waiting, guarding, reading its log.

Imports snapshots, runtime and pipeline; the command line uses it.
"""

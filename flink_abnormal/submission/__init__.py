"""Takes options to a running job: checks, graph, execution; waits for its end, guards it, reads its log.

Imports snapshots, runtime and pipeline; the command line uses it.
"""

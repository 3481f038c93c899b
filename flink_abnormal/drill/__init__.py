"""Failure drills: break a real cluster on purpose, and prove alert by alert that nothing was lost or doubled.

Imports runtime and core; starts jobs from the command line, as users do.
"""

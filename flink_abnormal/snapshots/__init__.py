"""Checkpoints and savepoints: finding, checking and reading them. Imports runtime; submission uses it."""

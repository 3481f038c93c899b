"""The verbs of the command line. Imports every room but the dashboard, which adds a verb of its own."""

"""The verbs of the command line. Imports every room except the dashboard, which adds its own verb."""

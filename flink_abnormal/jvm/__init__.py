"""Java parts: what PyFlink can't do, as text that is compiled where it is needed: see `jar.py`. Imports core only."""

"""Java parts for what PyFlink can't do, stored as text and compiled on demand (`jar.py`). Imports core only."""

"""In the way of Beam: first on the path of Python in thread mode, whose workers need nothing of it."""

raise ImportError("Thread mode runs without Beam.")

"""Failure drills: break a real cluster on purpose, and prove alert by alert that nothing was lost or doubled."""

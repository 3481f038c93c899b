"""What decides: each engine is `build(env, events, settings, parallelism, jars) -> Detection`.

All engines keep their counts in the state that `core/operators.py` promises, so that a savepoint moves a job from one
to another, and are held against `core/rule.py`.
"""

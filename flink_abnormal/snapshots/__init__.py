"""Where checkpoints and savepoints are, what they prove, and what they hold. Imports runtime; submission uses it."""

"""The web dashboard: a collector that polls Flink's REST API and stores history, and pages drawn from its data."""

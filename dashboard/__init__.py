"""The web dashboard: a collector that reads Flink's REST API and keeps history, and pages drawn from what it holds."""

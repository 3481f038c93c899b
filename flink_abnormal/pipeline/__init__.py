"""The data wing: what runs inside Flink, from records to alerts. Imports core and jvm."""

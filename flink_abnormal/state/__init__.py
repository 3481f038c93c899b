"""What a checkpoint or a savepoint holds, read with Flink's State Processor API."""

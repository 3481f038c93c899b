"""What the job means: events, rule, options, operators. Pure Python; imports no other room."""

"""What the job means: events, the rule, options, operators. Pure Python; imports no other room, and all use it."""

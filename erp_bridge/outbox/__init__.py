"""From the plant's outbox to rows of ours."""

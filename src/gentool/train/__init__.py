"""Floor 3, stage three: a student learns to rank a set's tools, then to select one and fill in its call."""

"""Floor 3, stage two: verified families become training and test examples, in pairs, split without leaks."""

"""Floor 3: runs engines over the test examples (predict) and scores what they answered (score); docs/metrics.md has the formulas."""

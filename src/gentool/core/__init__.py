"""Floor 0: the records that every stage maps to each other, and nothing that needs a heavy import."""

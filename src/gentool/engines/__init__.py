"""Floor 2: anything that turns messages into text (teachers and students alike) or text into vectors."""

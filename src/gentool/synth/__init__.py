"""Floor 3, stage one: a teacher writes weak tools, queries and calls for a catalogue; checks verify each record."""

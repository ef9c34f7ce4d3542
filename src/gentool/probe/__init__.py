"""Floor 5: how a model's choice changes with what should not matter; `gentool probe`. docs/probe.md says what each question changes."""

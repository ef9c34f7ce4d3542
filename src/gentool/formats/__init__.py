"""Floor 1: other people's tool files in, our records out, one file for each format; `catalogue` chooses among them."""

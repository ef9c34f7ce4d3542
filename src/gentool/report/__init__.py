"""Floor 3: one self-contained HTML page that shows a run. Reads result files only; no other stage imports it."""

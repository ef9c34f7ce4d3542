"""`gentool drift`: what a change of the catalogue does to a model's answers. Floor 5."""

"""What the small base model's pretraining corpus is made from: a lexicon of what people ask for, in tools' words and in everyday ones.

Floor 1; README.md beside this file is its data card. To be read by the generator of the corpus; no command reads it yet.
"""

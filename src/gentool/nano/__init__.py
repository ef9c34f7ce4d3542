"""What the small base model's pretraining corpus is made from: a lexicon of what people ask for, in tools' words and in everyday ones.

Floor 4; README.md beside this file is the lexicon's data card. Run by `python -m gentool.nano` (`make nano`).
"""

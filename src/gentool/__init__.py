"""gentool: language models that generalise over tools. See README.md; the stages are the sub-packages."""

__version__ = "0.1.0"

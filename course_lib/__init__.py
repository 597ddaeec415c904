"""Companion package of the course GPT Inside Out: language models, from bytes to text."""

__version__ = "0.1.0"

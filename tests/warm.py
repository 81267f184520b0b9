"""Imported by the server that the processes of tests/harm.py are forked from: they inherit what is loaded here."""

import chromadb.api.fastapi
import chromadb.api.rust  # noqa: F401

import tests.harm  # noqa: F401
from clara import languages
from clara.knowledge.safety import instruction_spans

# Patterns are compiled and the language model is loaded at their first use.
instruction_spans("The eye is red and painful.")
languages.detect("The eye is red and painful.")

"""CLARA."""

"""Measuring retrieval: collections, metrics, systems, results."""

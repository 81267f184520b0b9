"""A world of made-up medicine in which the truth is known, and a bench that runs every method in it."""

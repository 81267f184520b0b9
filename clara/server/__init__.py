"""`clara serve`: the engine behind the OpenAI API."""

"""Methods over recorded answers: what CLARA would have said, without a model call."""

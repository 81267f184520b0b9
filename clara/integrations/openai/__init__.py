"""The OpenAI client with debiased answers, in process."""

from clara.integrations.openai.wrap import wrap

__all__ = ["wrap"]

"""From settings to a translation service."""

from __future__ import annotations

from clara.config import TranslatorSettings
from clara.errors import ConfigError
from clara.translators.base import Translator
from clara.translators.deepl import DeepL
from clara.translators.libretranslate import LibreTranslate


def build_translator(settings: TranslatorSettings) -> Translator | None:
    """Return the service that `settings` name; None where the chat model translates.

    Nothing is connected to yet. Raises ConfigError.
    """
    if settings.provider == "model":
        return None
    key = settings.api_key.get_secret_value() if settings.api_key else None
    if settings.provider == "deepl":
        if not key:
            raise ConfigError("DeepL needs a key: set translator.api_key or CLARA_TRANSLATOR__API_KEY")
        return DeepL(key, base_url=settings.base_url, timeout_s=settings.timeout_s)
    if not settings.base_url:
        raise ConfigError("LibreTranslate needs an address: set translator.base_url, e.g. http://127.0.0.1:5000")
    return LibreTranslate(settings.base_url, api_key=key, timeout_s=settings.timeout_s)

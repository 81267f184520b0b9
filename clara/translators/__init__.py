"""Translation services that may put questions into English in the chat model's place."""

from clara.translators.base import Translator
from clara.translators.build import build_translator
from clara.translators.deepl import DeepL
from clara.translators.libretranslate import LibreTranslate

__all__ = ["DeepL", "LibreTranslate", "Translator", "build_translator"]

"""Chinese for encoders that read English: the word list as data, how it is read, and how a text is put into English."""

from __future__ import annotations

from encoders.glossary.segments import in_english, translations
from encoders.glossary.words import Glossary, load_glossary

__all__ = ["Glossary", "in_english", "load_glossary", "translations"]

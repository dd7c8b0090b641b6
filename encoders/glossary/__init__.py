"""Chinese for encoders that read English: the word list as data, how it is read, and how a text is put into English."""

from __future__ import annotations

from encoders.glossary.segments import in_english, is_understood, pieces, translations
from encoders.glossary.words import Glossary, load_glossary

__all__ = ["Glossary", "in_english", "is_understood", "load_glossary", "pieces", "translations"]

"""A CLIP small enough to build in a test: untrained, and in every other way like those that people download."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import torch
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTokenizer

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 24
CHARACTERS = [chr(code) for code in range(33, 127)]
START, END = "<|startoftext|>", "<|endoftext|>"
MAX_TOKENS = 77
TOWER = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "projection_dim": SIZE,
}


def build_tiny_clip(folder: Path) -> Path:
    """Write a model that reads single characters and pictures of 32 × 32 pixels to a folder, and return it."""
    words = [*CHARACTERS, *(f"{character}</w>" for character in CHARACTERS), START, END]
    vocabulary = {word: number for number, word in enumerate(words)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=MAX_TOKENS)
    pictures = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    ends = {"bos_token_id": vocabulary[START], "eos_token_id": vocabulary[END]}
    config = CLIPConfig(
        text_config=TOWER | ends | {"vocab_size": len(vocabulary), "max_position_embeddings": MAX_TOKENS},
        vision_config=TOWER | {"image_size": 32, "patch_size": 8},
        projection_dim=SIZE,
    )
    torch.manual_seed(0)
    CLIPModel(config).save_pretrained(folder)
    CLIPProcessor(pictures, tokenizer).save_pretrained(folder)  # type: ignore[no-untyped-call]
    return folder

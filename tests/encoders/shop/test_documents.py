"""What the documents say of training is so."""

from __future__ import annotations

from pathlib import Path

from encoders.training.shop.config import TrainingConfig, read_config

DOCS = Path(__file__).parents[3] / "docs"


def test_every_setting_is_explained() -> None:
    """The table of settings has a line for each, and no others."""
    lines = (DOCS / "shop-training.md").read_text(encoding="utf-8").splitlines()
    explained = {line.split("`")[1] for line in lines if line.startswith("| `")}
    assert explained == set(TrainingConfig.model_fields)


def test_the_example_is_a_config() -> None:
    """The example can be read, and keeps the photos' senders apart."""
    example = read_config(DOCS / "examples" / "clothing.toml")
    assert example.split == ("group", "picture")
    assert isinstance(example.held_out, Path)

"""The card of a trained model: where it comes from, what it learnt and how, what it finds, how to make it again."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from encoders.interface import Description
    from encoders.training.shop.config import TrainingConfig
    from encoders.training.shop.data import ShopData
    from encoders.training.shop.figures import Line
    from encoders.training.shop.workshop import Outcome

CARD: Final = "README.md"
LIBRARIES: Final = ("torch", "sentence-transformers", "pytorch-metric-learning")
NAMED_AT_MOST: Final = 20
EXPLAINED: Final[Mapping[str, str]] = {
    "info-nce": "InfoNCE with labels (supervised contrastive), temperature {temperature}",
    "multiple-negatives": "N-pair (multiple negatives ranking), temperature {temperature}",
    "triplet": "triplet with semi-hard mining, margin {margin}",
}

_EXPLANATION: Final = (
    "Success@k: the share of questions with a right answer among the first k. In brackets 95 % bootstrap intervals "
    "over the questions; p from a paired randomisation test. Rows of one family are alike, so the intervals are "
    "somewhat too narrow.\n\n![The course of the training](curve.png)"
)
_LIMITS: Final = (
    "It was made for the goods of {data} and measured on such goods alone. What the base knew of others it may have "
    "forgotten: measure it on other rows with `vitrine encoders evaluate` before you use it for them. Words that stand "
    "in none of its labels are read as the base reads them, or worse."
)


def write_card(config: TrainingConfig, base: Description, data: ShopData, outcome: Outcome) -> str:
    """Return the card, in Markdown."""
    sections = {
        f"# {config.out.name}": _origin(base),
        "## Data": _data(config, data),
        "## Training": _training(config, outcome),
        "## Held-out rows, before and after": f"{as_markdown(outcome.lines)}\n{_EXPLANATION}",
        "## What it is bad at": _LIMITS.format(data=config.data.name),
        "## Make it again": _recipe(config),
    }
    return _front(config, base) + "".join(f"\n{title}\n\n{text}\n" for title, text in sections.items())


def as_markdown(lines: Sequence[Line]) -> str:
    """Return the figures as a table."""
    rows = ["| task | measure | questions | before | after | difference | p |", "|---|---|---|---|---|---|---|"]
    for line in lines:
        before, after, change = line.before, line.after, line.difference
        rows.append(
            f"| {line.task} | {line.measure} | {line.queries:,} "
            f"| {before.value:.3f} ({before.low:.3f}–{before.high:.3f}) "
            f"| {after.value:.3f} ({after.low:.3f}–{after.high:.3f}) "
            f"| {change.value:+.3f} ({change.low:+.3f} to {change.high:+.3f}) | {change.p:.4f} |"
        )
    return "\n".join(rows) + "\n"


def _front(config: TrainingConfig, base: Description) -> str:
    languages = "".join(f"\n- {language}" for language in base.languages)
    head = f"license: {base.licence.lower()}\nbase_model: {config.base}\nlanguage:{languages or ' []'}"
    return f"---\n{head}\n---\n"


def _origin(base: Description) -> str:
    return (
        f"Fine-tuned from `{base.name}` (revision `{base.revision}`, {base.size} numbers, licence of the base: "
        f"{base.licence}) by `vitrine encoders train`. Whether its weights may be passed on depends on that licence "
        "and on the rights in the pictures and texts it learnt from."
    )


def _data(config: TrainingConfig, data: ShopData) -> str:
    training, held_out = data.training_rows, data.held_out_rows
    aside = f" and, held out, `{config.held_out.name}`" if isinstance(config.held_out, Path) else ""
    values = ", ".join(f"{labels.column} ({len(labels.members(training)):,} values)" for labels in data.labels)
    lines = [
        f"- `{config.data.name}`{aside}: {data.read:,} rows, {len(data.rows):,} used",
        f"- {len(training):,} rows to learn from, {len(held_out):,} held out",
        f"- {data.families:,} families of rows that share {', '.join(data.split)}, each wholly on one side",
        f"- labels, with their values in the rows to learn from: {values}",
    ]
    if data.refused:
        more = len(data.refused) - NAMED_AT_MOST
        lines.append(f"- {len(data.refused):,} rows left out:")
        lines += [f"  - {what}" for what in data.refused[:NAMED_AT_MOST]]
        lines += [f"  - and {more:,} more"] if more > 0 else []
    return "\n".join(lines)


def _training(config: TrainingConfig, outcome: Outcome) -> str:
    loss = EXPLAINED[config.loss].format(temperature=config.temperature, margin=config.margin)
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"{loss}; {outcome.steps:,} steps of {config.batch} rows, {outcome.epochs:.1f} epochs, "
        f"{outcome.seconds / 60:.1f} minutes on {config.device}; seed {config.seed}. {config.keep:.0%} of the weights "
        f"are the base's: both were averaged at the end. {versions}."
    )


def _recipe(config: TrainingConfig) -> str:
    values = config.model_dump(mode="json", exclude_none=True) | ({"epochs": config.passes} if config.passes else {})
    lines = "\n".join(f"{name} = {_toml(value)}" for name, value in values.items())
    return f"Save as `train.toml`, then `vitrine encoders train train.toml`:\n\n```toml\n{lines}\n```"


def _toml(value: object) -> str:
    """A text, a number or a list of texts as TOML has them, which is as JSON does."""
    return json.dumps(value, ensure_ascii=False)

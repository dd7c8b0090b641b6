"""The card of a student: from whom and what it learnt, how near it comes, what it is bad at, how to make it again."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from encoders.evaluation.intervals import Estimate
    from encoders.interface import Description
    from encoders.training.shrink.agreement import Line
    from encoders.training.shrink.order import Order
    from encoders.training.shrink.workshop import Outcome

LIBRARIES: Final = ("torch", "sentence-transformers")
CARD: Final = "README.md"
INPUTS: Final = {"text": "title", "pictures": "picture"}


def head(order: Order, teacher: Description, languages: Sequence[str]) -> str:
    """Return what a card says at its head, for programs: the teacher's licence, and what the student reads."""
    listed = "".join(f"\n- {language}" for language in languages)
    return f"---\nlicense: {teacher.licence.lower()}\nbase_model: {order.teacher}\nlanguage:{listed or ' []'}\n---\n"


def write_card(order: Order, teacher: Description, languages: Sequence[str], outcome: Outcome) -> str:
    """Return the card, in Markdown."""
    goods = INPUTS[order.student]
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return f"""{head(order, teacher, languages)}
# {order.out.name}

A student of `{teacher.name}` (revision `{teacher.revision}`, {teacher.size} numbers, licence {teacher.licence}), made
by `vitrine encoders distil`. Whether its weights may be passed on depends on that licence and on the rights in the
goods it learnt from.

## Data

`{order.data.name}`: {outcome.training_rows:,} rows to learn from, {outcome.held_out_rows:,} held out, divided so that
rows of one title, group or picture are on one side; {len(outcome.refused):,} left out. It learnt to give the
{goods} and the words of each row (its title, or its colour and kind) the vectors that its teacher gives them.

## Training

Cosine distance to the teacher; {outcome.steps:,} steps of {order.batch} rows, {outcome.seconds / 60:.1f} minutes on
{order.device}; seed {order.seed}. {versions}.

## Held-out rows

{as_markdown(outcome.lines)}
In brackets 95 % bootstrap intervals over the questions; p from a paired randomisation test. One {goods} takes the
teacher {outcome.teacher_ms:.1f} ms of one core and the student {outcome.student_ms:.1f} ms; the student has
{outcome.megabytes:.1f} MB.

![The course of the training](curve.png)

## What it is bad at

It was taught on the goods of {order.data.name} alone. What its teacher knows of other goods, other words and other
languages it was not told: measure it on other rows with `vitrine encoders evaluate` before you use it for them.

## Make it again

```
{order.command()}
```
"""


def as_markdown(lines: Sequence[Line]) -> str:
    """Return the figures as a table."""
    rows = ["| task | questions | teacher | student | difference | p |", "|---|---|---|---|---|---|"]
    for line in lines:
        change = line.difference
        rows.append(
            f"| {line.name} | {line.questions:,} | {told(line.teacher)} | {told(line.student)} "
            f"| {change.value:+.3f} ({change.low:+.3f} to {change.high:+.3f}) | {change.p:.4f} |"
        )
    return "\n".join(rows) + "\n"


def told(one: Estimate) -> str:
    """Return a mean and its interval."""
    return f"{one.value:.3f} ({one.low:.3f}–{one.high:.3f})"

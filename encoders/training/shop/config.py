"""What a training run is told: one small TOML or YAML file, checked before anything is loaded."""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from catalog.errors import Misconfigured
from encoders.names import VITRINE_PICTURES

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

LabelColumn: TypeAlias = Literal["title", "category", "colour", "group"]
TieColumn: TypeAlias = Literal["group", "title", "picture"]
LossName: TypeAlias = Literal["info-nce", "multiple-negatives", "triplet"]

DEFAULT_EPOCHS: Final = 10
SMALLEST_BATCH: Final = 8
YAML_ENDINGS: Final = (".yaml", ".yml")


class TrainingConfig(BaseModel):
    """One run. Paths are taken from the folder in which the command is given, as everywhere else."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path = Field(
        description="CSV with id,image and what `labels` and `split` name of title,category,colour,group"
    )
    out: Path = Field(description="folder for checkpoints while it runs, then for the model, its card and its curve")
    pictures: Path | None = Field(
        None, description="folder or tar of the pictures, where they do not lie beside the CSV"
    )
    base: str = Field(VITRINE_PICTURES, description="vitrine-pictures, a folder, or a Hugging Face id")
    labels: Annotated[tuple[LabelColumn, ...], Field(min_length=1)] = Field(
        ("category", "title"), description="columns whose equal values belong together, the most telling one first"
    )
    loss: LossName = Field(
        "info-nce", description="info-nce, multiple-negatives (N-pair) or triplet (semi-hard mining)"
    )
    temperature: float = Field(0.1, gt=0, le=1, description="of info-nce and multiple-negatives: lower is stricter")
    margin: float = Field(0.1, gt=0, le=2, description="of triplet: how much nearer the right one must be")
    epochs: int | None = Field(None, ge=1, le=1000, description=f"passes over the data; default {DEFAULT_EPOCHS}")
    minutes: float | None = Field(None, gt=0, description="time to train for instead, over all sessions of the run")
    batch: int = Field(64, ge=SMALLEST_BATCH, le=4096, description="rows learnt from at once")
    rate: float | None = Field(None, gt=0, lt=1, description="learning rate at its highest; default: fits the base")
    keep: float = Field(0.5, ge=0, lt=1, description="share of the base's weights in the model, against forgetting")
    seed: int = Field(1, ge=0, lt=2**31, description="same seed, same machine: same model (with epochs)")
    held_out: Annotated[float, Field(gt=0, le=0.5)] | Path = Field(
        0.1, union_mode="left_to_right", description="share of the rows kept aside to measure on, or another CSV"
    )
    split: tuple[TieColumn, ...] | None = Field(
        None, description="rows equal in one of these stay on one side; default: group, title and picture"
    )
    checkpoint_steps: int = Field(100, ge=1, description="steps between checkpoints")
    device: Literal["cpu", "cuda", "mps"] = Field("cpu", description="where to train")

    @field_validator("labels", "split")
    @classmethod
    def _each_once(cls, columns: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if columns is not None and len(set(columns)) < len(columns):
            raise ValueError("name each column once")
        return columns

    @model_validator(mode="after")
    def _one_length(self) -> TrainingConfig:
        if self.epochs is not None and self.minutes is not None:
            raise ValueError("give epochs or minutes, not both")
        return self

    @property
    def passes(self) -> int | None:
        """How many epochs, None where the clock decides."""
        return None if self.minutes is not None else self.epochs or DEFAULT_EPOCHS

    def differences(self, other: TrainingConfig) -> list[str]:
        """Return what another run was told differently, "batch: 64, here 32"; where it lies does not count."""
        mine, others = self.model_dump(mode="json"), other.model_dump(mode="json")
        return [f"{key}: {others[key]}, here {mine[key]}" for key in mine if key != "out" and mine[key] != others[key]]


def read_config(path: Path) -> TrainingConfig:
    """Read a file ending in .toml, .yaml or .yml; raises `Misconfigured`, which lists all that is wrong with it."""
    values = _parsed(path)
    try:
        return TrainingConfig.model_validate(values)
    except ValidationError as error:
        found = "; ".join(_told(one) for one in error.errors(include_url=False))
        raise Misconfigured(f"{path}: {found}") from error


def _parsed(path: Path) -> object:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read ({error.strerror}): name a .toml or .yaml file") from error
    except UnicodeDecodeError as error:
        raise Misconfigured(f"{path} is not in UTF-8: save it as text") from error
    if path.suffix == ".toml":
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise Misconfigured(f"{path} is no readable TOML: {error}") from error
    if path.suffix in YAML_ENDINGS:
        return _parsed_yaml(path, text)
    raise Misconfigured(f"{path}: the settings of a training are a .toml or a .yaml file")


def _parsed_yaml(path: Path, text: str) -> object:
    import yaml  # noqa: PLC0415 - it comes with the model libraries, and few people need it

    try:
        values: object = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Misconfigured(f"{path} is no readable YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise Misconfigured(f"{path} holds no settings: write lines such as `data: products.csv`")
    return values


def _told(error: ErrorDetails) -> str:
    place: list[Any] = list(error["loc"])
    name = ".".join(str(part) for part in place)
    if error["type"] == "extra_forbidden":
        close = get_close_matches(name, TrainingConfig.model_fields, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(TrainingConfig.model_fields)}"
        return f"{name} is no setting: {hint}"
    if error["type"] == "missing":
        return f"{name} is missing: {TrainingConfig.model_fields[name].description}"
    what = error["msg"].removeprefix("Value error, ")
    return f"{name}: {what}, not {error['input']!r}" if name else what

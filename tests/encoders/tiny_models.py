"""Models small enough to build in a test: untrained, and in every other way like those that people download."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import torch
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer, models, normalizers, processors
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizer,
    ConvNextConfig,
    ConvNextImageProcessor,
    ConvNextModel,
    EfficientNetConfig,
    EfficientNetImageProcessor,
    EfficientNetModel,
    MobileNetV2Config,
    MobileNetV2ImageProcessor,
    MobileNetV2Model,
    PreTrainedTokenizerFast,
    ResNetConfig,
    ResNetForImageClassification,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
    SiglipProcessor,
    ViTConfig,
    ViTForImageClassification,
    ViTImageProcessor,
)

from tests.encoders.tiny_clip import build_tiny_clip

if TYPE_CHECKING:
    from collections.abc import Callable

    from transformers import PreTrainedModel

SIDE_PX: Final = 32
SIGLIP_SIZE: Final = 24
SIGLIP_TOKENS: Final = 16
TEXT_SIZE: Final = 20
PROMPTS: Final = {"query": "query: ", "document": "passage: "}
_CHARACTERS: Final = [chr(code) for code in range(33, 127)]
_SQUARE: Final = {"height": SIDE_PX, "width": SIDE_PX}


def build_tiny_siglip(folder: Path) -> Path:
    """Write a SigLIP that reads single characters; its texts end in a space of another size than its layers have."""
    vocabulary = {word: number for number, word in enumerate(["<eos>", "<unk>", "▁", *_CHARACTERS])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.post_processor = processors.TemplateProcessing(single="$A <eos>", special_tokens=[("<eos>", 0)])
    words = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, pad_token="<eos>", eos_token="<eos>", unk_token="<unk>",
        model_max_length=SIGLIP_TOKENS,
    )  # fmt: skip
    tower = {"intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
    ends = {"bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0}
    texts = {"hidden_size": 16, "projection_size": SIGLIP_SIZE, "vocab_size": len(vocabulary)}
    config = SiglipConfig(
        text_config=tower | ends | texts | {"max_position_embeddings": SIGLIP_TOKENS},
        vision_config=tower | {"hidden_size": SIGLIP_SIZE, "image_size": SIDE_PX, "patch_size": 8},
    )
    _write(SiglipModel, config, folder)
    SiglipProcessor(SiglipImageProcessor(size=_SQUARE), words).save_pretrained(folder)  # type: ignore[no-untyped-call]
    return folder


def build_tiny_bert(folder: Path) -> Path:
    """Write a model of text as transformers has it: nothing says how to pool."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *_CHARACTERS, *(f"##{one}" for one in _CHARACTERS)]
    vocabulary = {word: number for number, word in enumerate(words)}
    config = BertConfig(
        vocab_size=len(words), max_position_embeddings=64, hidden_size=TEXT_SIZE, intermediate_size=32,
        num_hidden_layers=2, num_attention_heads=2,
    )  # fmt: skip
    _write(BertModel, config, folder)
    BertTokenizer(vocab=vocabulary, model_max_length=64).save_pretrained(folder)
    return folder


def build_tiny_text_model(folder: Path) -> Path:
    """Write a model of text as sentence-transformers has it: with modules, prompts and a card."""
    with TemporaryDirectory() as plain:
        model = SentenceTransformer(str(build_tiny_bert(Path(plain))), device="cpu", local_files_only=True)
    model.prompts = dict(PROMPTS)
    model.save_pretrained(str(folder), create_model_card=False)
    (folder / "README.md").write_text("---\nlanguage: [en, zh]\nlicense: apache-2.0\n---\n# Tiny\n")
    return folder


def build_tiny_resnet(folder: Path) -> Path:
    """Write a ResNet with its classifier, as they are published."""
    config = ResNetConfig(embedding_size=8, hidden_sizes=[8, 12, 16, 24], depths=[1, 1, 1, 1])
    _write(ResNetForImageClassification, config, folder)
    ConvNextImageProcessor(size={"shortest_edge": SIDE_PX}).save_pretrained(folder)
    return folder


def build_tiny_efficientnet(folder: Path) -> Path:
    """Write an EfficientNet."""
    config = EfficientNetConfig(
        image_size=SIDE_PX, hidden_dim=128, width_coefficient=0.1, depth_coefficient=0.1, depth_divisor=4,
        initializer_range=0.3,
    )  # fmt: skip
    _write(EfficientNetModel, config, folder)
    EfficientNetImageProcessor(size=_SQUARE).save_pretrained(folder)
    return folder


def build_tiny_mobilenet(folder: Path) -> Path:
    """Write a MobileNetV2, whose configuration does not say how long its vectors are."""
    config = MobileNetV2Config(image_size=SIDE_PX, depth_multiplier=0.1, min_depth=4, depth_divisible_by=4)
    _write(MobileNetV2Model, config, folder)
    MobileNetV2ImageProcessor(size={"shortest_edge": 36}, crop_size=_SQUARE).save_pretrained(folder)
    return folder


def build_tiny_convnext(folder: Path) -> Path:
    """Write a ConvNeXt, which has a norm behind its pooling."""
    config = ConvNextConfig(hidden_sizes=[8, 8, 12, 16], depths=[1, 1, 1, 1], image_size=SIDE_PX)
    _write(ConvNextModel, config, folder)
    ConvNextImageProcessor(size={"shortest_edge": SIDE_PX}).save_pretrained(folder)
    return folder


def build_tiny_vit(folder: Path) -> Path:
    """Write a vision transformer whose weights lack the pooler, as those of classifiers do."""
    config = ViTConfig(
        image_size=SIDE_PX, patch_size=8, hidden_size=16, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2,
    )  # fmt: skip
    _write(ViTForImageClassification, config, folder)
    ViTImageProcessor(size=_SQUARE).save_pretrained(folder)
    return folder


def build_timm(folder: Path, architecture: str, **arguments: Any) -> Path:  # noqa: ANN401 - each takes its own
    """Write a network as timm does: its configuration names an architecture, and holds the preprocessing."""
    import timm  # noqa: PLC0415 - it brings torchvision, and few tests need it
    from timm.models import save_for_hf  # noqa: PLC0415

    torch.manual_seed(0)
    network = timm.create_model(architecture, num_classes=7, **arguments)
    save_for_hf(network, str(folder), model_args=arguments, safe_serialization=True)
    return folder


def build_tiny_timm(folder: Path) -> Path:
    """Write the smallest network that timm has for tests."""
    return build_timm(folder, "test_efficientnet")


PICTURE_NETWORKS: Final[dict[str, Callable[[Path], Path]]] = {
    "resnet": build_tiny_resnet,
    "efficientnet": build_tiny_efficientnet,
    "mobilenet": build_tiny_mobilenet,
    "convnext": build_tiny_convnext,
    "vit": build_tiny_vit,
    "timm": build_tiny_timm,
}
PAIRS: Final[dict[str, Callable[[Path], Path]]] = {"clip": build_tiny_clip, "siglip": build_tiny_siglip}


def _write(network: Callable[..., PreTrainedModel], config: object, folder: Path) -> None:
    torch.manual_seed(0)
    network(config).save_pretrained(folder)

"""What the sample goods are made of, and what a shop says of it in English and Chinese."""

# ruff: noqa: RUF001 - Chinese sentences carry Chinese commas
from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Words:
    """The same words in both languages of the catalogue."""

    english: str
    chinese: str


@dataclass(frozen=True, slots=True)
class Material:
    """A material's name, and one sentence of praise or care."""

    name: Words
    note: Words


def _material(english: str, chinese: str, note: str, chinese_note: str) -> Material:
    return Material(Words(english, chinese), Words(note, chinese_note))


MATERIALS: Final = MappingProxyType(
    {
        material.name.english: material
        for material in (
            _material("cotton", "纯棉", "Soft cotton that is easy to care for.", "柔软纯棉，容易打理。"),
            _material("linen", "亚麻", "Airy linen with a fine, natural grain.", "亚麻面料，纹理自然，透气清爽。"),
            _material("silk", "真丝", "Silk with a quiet sheen.", "真丝面料，光泽柔和。"),
            _material("wool", "羊毛", "Fine wool that keeps its shape.", "细羊毛面料，柔软挺括。"),
            _material("cashmere", "羊绒", "Very light and very warm cashmere.", "优质羊绒，轻盈保暖。"),
            _material("merino", "美利奴羊毛", "Merino wool that does not scratch.", "美利奴羊毛，贴身不扎。"),
            _material("viscose", "粘纤", "Flowing viscose that hardly creases.", "粘纤面料，垂感好，不易起皱。"),
            _material("fleece", "抓绒", "Brushed fleece on the inside.", "内里抓绒，柔软保暖。"),
            _material("denim", "丹宁", "Sturdy denim with a little stretch.", "丹宁布结实耐穿，略带弹性。"),
            _material(
                "chambray", "青年布", "Light chambray, washed once before it is sewn.", "青年布轻薄舒适，经过预洗。"
            ),
            _material("corduroy", "灯芯绒", "Fine-ribbed corduroy.", "细条灯芯绒，手感柔软。"),
            _material("nylon", "尼龙", "Water-repellent nylon that dries fast.", "尼龙面料，防泼水，易干。"),
            _material("canvas", "帆布", "Heavy canvas with bound seams.", "厚实帆布，接缝包边。"),
            _material("leather", "真皮", "Leather that grows more handsome with wear.", "头层牛皮，越用越有质感。"),
            _material("suede", "绒面革", "Soft suede; brush it dry.", "绒面革手感细腻，请干刷保养。"),
            _material("vegan leather", "仿皮", "A leather alternative that wipes clean.", "环保仿皮，一擦即净。"),
            _material("patent leather", "漆皮", "Glossy patent leather.", "漆皮亮面，光彩照人。"),
            _material("mesh", "网面", "Breathable mesh that weighs next to nothing.", "网面透气，轻若无物。"),
            _material("straw", "草编", "Finely braided by hand.", "手工细编，轻便透气。"),
            _material("polycarbonate", "聚碳酸酯", "A tough polycarbonate shell.", "聚碳酸酯外壳，坚固抗摔。"),
            _material(
                "acetate", "板材", "Polished acetate; lenses with full UV protection.", "板材镜框，镜片有效阻隔紫外线。"
            ),
            _material("stoneware", "炻瓷", "Glazed stoneware, safe in the dishwasher.", "炻瓷上釉，可用洗碗机清洗。"),
            _material("porcelain", "陶瓷", "Thin, bright porcelain.", "薄胎细瓷，釉色明亮。"),
            _material("velvet", "天鹅绒", "Dense velvet that catches the light.", "天鹅绒面料，光泽饱满。"),
            _material(
                "polyester", "涤纶", "Hard-wearing polyester made from recycled bottles.", "再生涤纶，结实耐用。"
            ),
        )
    }
)

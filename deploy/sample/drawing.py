"""The kinds of goods, and the one function that draws any of them."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from deploy.sample import accessories, bags, bottoms, headwear, home, light_shoes, outerwear, shoes, tops
from deploy.sample.canvas import Canvas

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image

    from deploy.sample.article import Article


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of goods: its name in English and Chinese, and who draws it."""

    name: str
    chinese: str
    sketch: Callable[[Canvas, Article], None]


KINDS: Final = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            Kind("dress", "连衣裙", bottoms.dress),
            Kind("skirt", "半身裙", bottoms.skirt),
            Kind("t-shirt", "T恤", tops.tshirt),
            Kind("shirt", "衬衫", tops.shirt),
            Kind("sweater", "毛衣", tops.sweater),
            Kind("hoodie", "连帽卫衣", tops.hoodie),
            Kind("jacket", "夹克", outerwear.jacket),
            Kind("coat", "大衣", outerwear.coat),
            Kind("jeans", "牛仔裤", bottoms.jeans),
            Kind("shorts", "短裤", bottoms.shorts),
            Kind("sneaker", "运动鞋", shoes.sneaker),
            Kind("sandal", "凉鞋", light_shoes.sandal),
            Kind("boot", "靴子", shoes.boot),
            Kind("high heel", "高跟鞋", light_shoes.heel),
            Kind("ballet flat", "平底鞋", light_shoes.flat),
            Kind("handbag", "手提包", bags.handbag),
            Kind("backpack", "双肩包", bags.backpack),
            Kind("tote bag", "托特包", bags.tote),
            Kind("wallet", "钱包", bags.wallet),
            Kind("suitcase", "行李箱", bags.suitcase),
            Kind("belt", "腰带", accessories.belt),
            Kind("watch", "手表", accessories.watch),
            Kind("sunglasses", "太阳镜", accessories.sunglasses),
            Kind("tie", "领带", accessories.tie),
            Kind("scarf", "围巾", accessories.scarf),
            Kind("socks", "袜子", accessories.socks),
            Kind("gloves", "手套", accessories.gloves),
            Kind("cap", "棒球帽", headwear.cap),
            Kind("beanie", "针织帽", headwear.beanie),
            Kind("sun hat", "遮阳帽", headwear.sun_hat),
            Kind("mug", "马克杯", home.mug),
            Kind("lamp", "台灯", home.lamp),
            Kind("chair", "椅子", home.chair),
            Kind("cushion", "抱枕", home.cushion),
            Kind("vase", "花瓶", home.vase),
            Kind("umbrella", "雨伞", home.umbrella),
        )
    }
)


def draw(article: Article, side_px: int = 448) -> Image.Image:
    """The article on white, RGB, `side_px` square; the same pixels every time.

    Raises KeyError where the kind, colour or pattern is not one of `KINDS`, `COLOURS`, `PATTERNS`.
    """
    canvas = Canvas(article, side_px)
    KINDS[article.kind].sketch(canvas, article)
    return canvas.image

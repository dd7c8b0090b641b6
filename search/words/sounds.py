"""Which Chinese characters sound alike: whoever types by sound and slips picks a wrong one of these.

The first level of GB 2312 holds the 3,755 most common characters in the order of their pinyin, so that all there is to
know is where each syllable begins. A character has one reading here, whatever its tone, and a rare one none.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIRST: Final = (
    "啊埃鞍肮凹芭白斑邦苞杯奔崩逼鞭标鳖彬兵玻捕擦猜餐苍操厕层插拆搀昌超车郴撑吃充抽初揣川疮吹春戳疵聪凑粗蹿摧村磋"
    "搭呆耽当刀德蹬堤颠碉跌丁丢东兜督端堆墩掇蛾恩而发藩坊菲芬丰佛否夫噶该干冈篙哥给根耕工钩辜刮乖棺光瑰辊锅"
    "哈骸酣夯壕呵嘿痕哼轰喉呼花槐欢荒灰荤豁击嘉歼僵蕉揭巾荆炯揪鞠捐撅均喀开刊康考坷肯坑空抠枯夸块宽匡亏坤括"
    "垃莱蓝琅捞勒雷棱厘俩联粮撩列琳玲溜龙楼芦驴峦掠抡萝妈埋瞒芒猫么玫门萌眯棉苗蔑民明谬摸谋拇"
    "拿氖南囊挠呢馁嫩能妮蔫娘鸟捏您柠牛脓奴女暖虐挪哦欧啪拍攀乓抛呸喷砰坯篇飘撇拼乒坡扑期掐牵枪橇切钦青琼秋趋圈缺裙"
    "然瓤饶惹壬扔日戎揉茹软蕊闰若撒腮三桑搔瑟森僧莎筛珊墒梢奢砷声师收蔬刷摔栓霜谁吮说斯松搜苏酸虽孙蓑"
    "塌胎坍汤掏特藤梯天挑贴厅通偷凸湍推吞拖挖歪豌汪威瘟嗡挝巫昔瞎掀相萧楔薪星兄休墟轩靴勋压焉殃邀椰一茵英哟拥幽迂鸳曰耘"
    "匝栽咱赃遭责贼怎增扎摘瞻樟招遮珍蒸芝中舟珠抓拽专桩椎谆捉兹鬃邹租钻嘴尊昨"
)
"""The first character of each of the 396 syllables, in their order."""
_ROWS: Final = range(0xB0, 0xD8)
_CELLS: Final = range(0xA1, 0xFF)
_EMPTY_CELLS: Final = 5
"""At the end of the last row."""


def alike(character: str) -> str:
    """Return the other characters that sound like this one, none for one that is not common."""
    return _syllables().get(character, "").replace(character, "")


def sound(word: str) -> str:
    """Return a word as it sounds: the same of two words if, and only if, their characters sound alike one by one."""
    return word.translate(_sounds())


@cache
def _sounds() -> Mapping[int, str]:
    return {ord(character): syllable[0] for character, syllable in _syllables().items()}


@cache
def _syllables() -> Mapping[str, str]:
    """Return for each common character all that sound like it, itself among them."""
    cells = [bytes((row, cell)) for row in _ROWS for cell in _CELLS][:-_EMPTY_CELLS]
    ordered = b"".join(cells).decode("gb2312")
    begins = [ordered.index(first) for first in _FIRST]
    syllables = [ordered[start:end] for start, end in pairwise([*begins, len(ordered)])]
    return {character: syllable for syllable in syllables for character in syllable}

"""`python -m tests.benchmarks.words`: what synonyms and spelling do on the sample catalogue, for docs/words.md.

Synonyms: queries in words that the catalogue does not use, and how many of the best ten hits of an arm are of the kind
that was meant. Spelling: a slip in words of the catalogue, and everyday words that it does not have.
"""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.text import dense_text, lexical_text
from deploy.sample.catalogue import products
from encoders.everyday import everyday_words
from encoders.glossary import load_glossary
from encoders.names import EncoderSettings
from encoders.registry import load_encoders
from encoders.sparse import Bm25Encoder
from search.words.sounds import alike
from search.words.spelling import correct
from search.words.synonyms import Rule, Synonyms
from search.words.vocabulary import VocabularyBuilder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from catalog.vectors import SparseVector
    from encoders.glossary import Glossary
    from encoders.interface import Encoders, FloatArray
    from search.words.vocabulary import Vocabulary

NAMES: Final = (
    ("trainers", "sneakers", "Sneakers"), ("kicks", "sneakers", "Sneakers"), ("rucksack", "backpack", "Backpacks"),
    ("knapsack", "backpack", "Backpacks"), ("jumper", "sweater", "Sweaters"), ("frock", "dress", "Dresses"),
    ("stilettos", "high heels", "High Heels"), ("pumps", "high heels", "High Heels"), ("muffler", "scarf", "Scarves"),
    ("billfold", "wallet", "Wallets"), ("timepiece", "watch", "Watches"), ("shades", "sunglasses", "Sunglasses"),
    ("specs", "sunglasses", "Sunglasses"), ("brolly", "umbrella", "Umbrellas"), ("tee", "t-shirt", "T-Shirts"),
    ("dungarees", "jeans", "Jeans"), ("mitts", "gloves", "Gloves"), ("trolley case", "suitcase", "Suitcases"),
    ("beaker", "mug", "Mugs"), ("shopper", "tote bag", "Tote Bags"), ("bobble hat", "beanie", "Beanies"),
    ("轻便鞋", "sneakers", "Sneakers"), ("行囊", "backpack", "Backpacks"), ("墨镜儿", "sunglasses", "Sunglasses"),
)  # fmt: skip
"""What a shopper says, what the catalogue says, and the kind that is meant."""

COLOURS: Final = ("", "black ", "red ")
BEST: Final = 10
SLIPS: Final = 2_000
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"


def main() -> None:
    """Measure and print."""
    sample = [product.as_product() for product in products()]
    rows = [*_synonym_rows(load_encoders(EncoderSettings()), sample), *_spelling_rows(sample)]
    sys.stdout.write("\n".join(["| what | figure |", "|---|---|", *rows, ""]))


def _synonym_rows(encoders: Encoders, sample: Sequence[Mapping[str, object]]) -> list[str]:
    kinds = [str(product["category"]).rsplit(" > ", maxsplit=1)[-1] for product in sample]
    texts = encoders.text.encode_documents([dense_text(product) for product in sample])
    lexical = [encoders.lexical.encode_document(lexical_text(product)) for product in sample]
    found: dict[str, list[float]] = {}
    for colour in COLOURS:
        for said, meant, kind in NAMES:
            asked = f"{colour}{said}"
            written = Synonyms([Rule((said,), (meant,))]).put_into(asked).text
            dense = encoders.text.encode_queries([asked, written, f"{colour}{meant}"])
            mean = dense[0] + dense[2]
            for name, scores in (
                ("text arm, as typed", texts @ dense[0]),
                ("text arm, synonym put in", texts @ dense[1]),
                ("text arm, mean of two vectors", texts @ mean),
                ("lexical arm, as typed", _bm25(encoders.lexical.encode_query(asked), lexical)),
                ("lexical arm, synonym put in", _bm25(encoders.lexical.encode_query(written), lexical)),
            ):
                found.setdefault(name, []).append(_share(scores, kinds, kind))
    return [f"| {name}: of the best {BEST} are of the kind | {np.mean(shares):.2f} |" for name, shares in found.items()]


def _bm25(query: SparseVector, documents: Sequence[SparseVector]) -> FloatArray:
    """Return the scores that the engine would give: rarity is the engine's part."""
    holding: dict[int, int] = {}
    for document in documents:
        for index in document.indices:
            holding[index] = holding.get(index, 0) + 1
    count = len(documents)
    rarity = {index: np.log(1 + (count - holders + 0.5) / (holders + 0.5)) for index, holders in holding.items()}
    asked = dict(zip(query.indices, query.values, strict=True))
    return np.array(
        [
            sum(
                asked.get(index, 0.0) * rarity[index] * value
                for index, value in zip(one.indices, one.values, strict=True)
            )
            for one in documents
        ],
        dtype=np.float32,
    )


def _share(scores: FloatArray, kinds: Sequence[str], kind: str) -> float:
    """Return how many of the best are of the kind; one that scores nothing is no hit."""
    best = [int(number) for number in np.argsort(-scores, kind="stable")[:BEST] if scores[number] > 0]
    return sum(kinds[number] == kind for number in best) / BEST


def _spelling_rows(sample: Sequence[Mapping[str, object]]) -> list[str]:
    glossary, everyday = load_glossary(), everyday_words()
    builder = VocabularyBuilder(glossary, Bm25Encoder(), most=100_000)
    builder.add(sample)
    vocabulary = builder.build()

    def put_right(word: str, is_word: Callable[[str], bool]) -> str | None:
        found = correct(word, vocabulary, glossary, is_word)
        return found.text if found else None

    chance = random.Random(3)
    slips = list(_slips(vocabulary, chance))
    told = [(word, put_right(slip, everyday.__contains__)) for word, slip in slips]
    right = sum(word == found for word, found in told) / len(told)
    wrong = sum(found not in {None, word} for word, found in told) / len(told)
    strange = chance.sample(sorted(everyday - vocabulary.known), SLIPS)
    changed = sum(put_right(word, lambda _: False) is not None for word in strange) / len(strange)
    return [
        f"| one slip in a word of the catalogue: put right | {100 * right:.1f} % |",
        f"| … put wrong | {100 * wrong:.1f} % |",
        f"| … left as typed | {100 * (1 - right - wrong):.1f} % |",
        f"| everyday words that the catalogue lacks, changed if there were no list of them | {100 * changed:.1f} % |",
        *_heard_rows(sample, vocabulary, glossary, lambda text: put_right(text, everyday.__contains__)),
    ]


def _heard_rows(
    sample: Sequence[Mapping[str, object]],
    vocabulary: Vocabulary,
    glossary: Glossary,
    put_right: Callable[[str], str | None],
) -> list[str]:
    """Judge slips in the catalogue's Chinese words, all that sound alike, and what is no slip."""
    words = [word for same in vocabulary.chinese.words.values() for word in same if word in glossary.english]
    slips = [
        (word, word[:at] + other + word[at + 1 :])
        for word in words
        for at, character in enumerate(word)
        for other in alike(character)
    ]
    told = [(word, put_right(slip)) for word, slip in slips]
    right = sum(word == found for word, found in told) / len(told)
    wrong = sum(found not in {None, word} for word, found in told) / len(told)
    texts = {text for product in sample for text in (str(product["title"]), str(product.get("description", "")))}
    changed = [sum(put_right(text) is not None for text in kept) for kept in (texts, glossary.english)]
    return [
        f"| a character of a Chinese word that sounds alike, {len(told):,} slips: put right | {100 * right:.1f} % |",
        f"| … put wrong | {100 * wrong:.1f} % |",
        f"| … left as typed | {100 * (1 - right - wrong):.1f} % |",
        f"| titles and descriptions of the catalogue, changed | {changed[0]:,} of {len(texts):,} |",
        f"| Chinese words of the list, changed | {changed[1]:,} of {len(glossary.english):,} |",
    ]


def _slips(vocabulary: Vocabulary, chance: random.Random) -> list[tuple[str, str]]:
    """Return words, the frequent ones more often, each with one slip that is not in its first letter."""
    words = sorted(word for word in vocabulary.counts if word.isascii())
    drawn = chance.choices(words, [vocabulary.counts[word] for word in words], k=SLIPS)
    return [(word, slip) for word in drawn if (slip := _slip(word, chance)) != word]


def _slip(word: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(word))
    before, letter, after = word[:at], word[at], word[at + 1 :]
    return chance.choice(
        [
            before + after,
            before + chance.choice(_LETTERS) + letter + after,
            before + chance.choice(_LETTERS) + after,
            before[:-1] + letter + before[-1] + after,
        ]
    )


if __name__ == "__main__":
    main()

"""Sixty Chinese queries on the demo catalogue: what they ask, and that the word list makes them work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from catalog.text import dense_text
from deploy.sample.catalogue import products
from encoders.fakes import HashingTextEncoder
from encoders.glossary import Glossary, load_glossary
from encoders.shipped import load_minilm
from encoders.sparse import Bm25Encoder
from encoders.training.experiments.chinese_bench import bm25, load_pairs, ndcg
from encoders.training.experiments.chinese_tower import TowerTextEncoder, train
from encoders.translating import TranslatingTextEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence

PAIRS, GOODS = load_pairs(), products()
SHARE = 0.85


def test_there_are_sixty_queries_of_all_kinds() -> None:
    """Among them fifteen as people type them and ten with words that the list lacks."""
    kinds = [pair.kind for pair in PAIRS]

    assert len({pair.chinese for pair in PAIRS}) == len(PAIRS) == 60
    assert kinds.count("natural") >= 15
    assert kinds.count("unlisted") >= 10


def test_words_that_are_held_out_stay_out_of_the_list() -> None:
    """Or the queries that are to show what an unknown word costs would show nothing."""
    held_out = {word for pair in PAIRS for word in pair.unlisted}

    assert held_out
    assert not held_out & set(load_glossary().english)


def test_every_query_has_an_answer() -> None:
    """A rule that no product meets would judge nothing."""
    unanswerable = [pair.english for pair in PAIRS if not any(map(pair.is_answered_by, GOODS))]

    assert unanswerable == []


def test_an_answer_meets_every_condition() -> None:
    """Any value of a condition will do, and no condition may fail."""
    blue_backpack = next(pair for pair in PAIRS if pair.english == "blue backpack")

    answers = [one for one in GOODS if blue_backpack.is_answered_by(one)]

    assert {one.article.kind for one in answers} == {"backpack"}
    assert {one.article.colour for one in answers} <= {"navy", "sky blue"}


def test_chinese_queries_find_nearly_what_their_twins_find() -> None:
    """On the arm of text vectors alone, 85 % of the English twins' nDCG@10 at least."""
    encoder = TranslatingTextEncoder(load_minilm(device="cpu"), load_glossary())
    stored = encoder.encode_documents([dense_text(one.as_product()) for one in GOODS])

    def ask(queries: Sequence[str]) -> float:
        scores = (encoder.encode_queries(queries) @ stored.T).astype(np.float64)
        return float(ndcg(PAIRS, GOODS, scores).mean())

    assert ask([pair.chinese for pair in PAIRS]) >= SHARE * ask([pair.english for pair in PAIRS])


def test_rare_words_weigh_more_in_bm25() -> None:
    """The score is the weight of a word in a document times how rare the word is, as the engine has it."""
    encoder = Bm25Encoder()
    words = [encoder.encode_document(text) for text in ("red shoe", "red hat", "red bag")]

    found = bm25(encoder, words, ["red", "hat", "nothing of it"])

    assert np.count_nonzero(found, axis=1).tolist() == [3, 1, 0]
    assert found[1, 1] > found[0, 1]


def test_equal_scores_stand_by_id() -> None:
    """As in search, so that a figure does not depend on how products are listed."""
    pair = next(pair for pair in PAIRS if pair.english == "sunglasses")
    level, backwards = np.ones((1, len(GOODS))), list(reversed(GOODS))

    assert ndcg([pair], GOODS, level) == ndcg([pair], backwards, level)


def test_a_tower_learns_what_the_teacher_says_of_the_english() -> None:
    """Each Chinese word ends nearest to its own English one, and English passes to the teacher."""
    glossary = Glossary({"连衣裙": "dress", "手表": "watch", "红色": "red", "雨伞": "umbrella"}, {})
    teacher = HashingTextEncoder()
    encoder = TowerTextEncoder(teacher, train(glossary, teacher), glossary)

    found = (
        encoder.encode_queries(["连衣裙", "手表", "雨伞"]) @ teacher.encode_queries(["dress", "watch", "umbrella"]).T
    )

    assert found.argmax(axis=1).tolist() == [0, 1, 2]
    assert np.allclose(encoder.encode_queries(["red dress"]), teacher.encode_queries(["red dress"]))

"""Which queries a table gives, and which pictures are right."""

from __future__ import annotations

from encoders.evaluation.tasks import likenesses, modifications, phrase, phrases, sampled, titles
from tests.encoders.evaluation.tables import an_item

GALLERY = [
    an_item("red shirt 1"),
    an_item("red shirt 2", title="another red shirt"),
    an_item("blue shirt"),
    an_item("red mug"),
    an_item("grey thing", title="", category="", colour=""),
]


def test_a_title_looks_for_all_pictures_of_that_title() -> None:
    """Each title is asked once; one that the gallery lacks, or that is empty, is not."""
    asked = [an_item("red shirt 3"), an_item("red shirt 4"), an_item("green hat"), GALLERY[4]]

    queries = titles(asked, [*GALLERY, an_item("red shirt 3")])

    assert [(query.key, query.words, query.picture, query.grades()) for query in queries] == [
        ("red shirt", "red shirt", None, {0: 1, 5: 1})
    ]


def test_a_picture_looks_for_others_of_its_category() -> None:
    """Those of its colour are worth twice as much, itself nothing; one that is alone is not asked for."""
    queries = likenesses(range(5), GALLERY)

    assert [(query.key, query.picture, query.itself, query.grades()) for query in queries] == [
        ("red shirt 1", 0, 0, {1: 2, 2: 1}),
        ("red shirt 2", 1, 1, {0: 2, 2: 1}),
        ("blue shirt", 2, 2, {0: 1, 1: 1}),
    ]


def test_only_the_pictures_named_are_asked() -> None:
    """The rest of the gallery is searched alone."""
    assert [query.key for query in likenesses(range(1, 2), GALLERY)] == ["red shirt 2"]
    assert likenesses(range(3, 5), GALLERY) == []


def test_a_picture_without_a_colour_has_no_best_answers() -> None:
    """Its category is all that is known."""
    gallery = [an_item("red shirt", colour=""), an_item("blue shirt")]

    assert likenesses([0], gallery)[0].grades() == {1: 1}


def test_a_colour_and_category_look_for_both() -> None:
    """In small letters, by the last part of the category, and where there are enough of them."""
    gallery = [*GALLERY, an_item("Red x", category="Wear > Shirt")]

    assert [(query.words, query.grades()) for query in phrases(gallery, gallery)] == [
        ("red shirt", {0: 1, 1: 1, 5: 1}),
        ("blue shirt", {2: 1}),
        ("red mug", {3: 1}),
    ]
    assert [query.words for query in phrases(gallery, gallery, fewest=3)] == ["red shirt"]
    assert phrases([an_item("green hat")], gallery) == []


def test_a_phrase_needs_colour_and_category() -> None:
    """Half of it would ask for something else."""
    assert phrase(an_item("red shirt", category="Men > Shirts ")) == "red shirts"
    assert phrase(an_item("red shirt", category="")) is None
    assert phrase(an_item("red shirt", colour="")) is None


def test_a_picture_and_a_colour_look_for_the_same_in_that_colour() -> None:
    """Rows of one title but for the colour are variants; others of the category in that colour are second best."""
    gallery = [
        an_item("red shirt", title="Red shirt by Ann"),
        an_item("blue shirt", title="Blue Shirt by Ann"),
        an_item("blue shirt 2", title="Blue shirt by Bob"),
        an_item("blue mug", title="Blue shirt by Ann"),
    ]

    queries = modifications(range(4), gallery)

    assert [(query.key, query.words, query.picture, query.itself, query.grades()) for query in queries] == [
        ("red shirt in blue", "blue", 0, 0, {1: 2, 2: 1}),
        ("blue shirt in red", "red", 1, 1, {0: 2}),
    ]


def test_variants_are_told_by_their_group_where_there_is_one() -> None:
    """Whatever their titles say."""
    gallery = [
        an_item("red shirt", title="Cherry", group="g"),
        an_item("blue shirt", title="Ocean", group="g"),
        an_item("green shirt", title="Cherry", group="h"),
    ]

    assert [query.key for query in modifications(range(3), gallery)] == ["red shirt in blue", "blue shirt in red"]


def test_a_colour_within_a_word_is_no_colour() -> None:
    """A bored shirt is no shirt in red; a title of nothing but its colour is no style."""
    gallery = [
        an_item("red shirt", title="bored shirt"),
        an_item("blue shirt", title="bo shirt"),
        an_item("red hat", title="red"),
        an_item("blue hat", title="blue"),
    ]

    assert modifications(range(4), gallery) == []


def test_a_sample_repeats_with_its_seed_and_keeps_the_order() -> None:
    """A sample of everything is everything."""
    queries = likenesses(range(40), [an_item(f"red shirt {n}") for n in range(40)])

    drawn = sampled(queries, 10, seed=3)

    assert drawn == sampled(queries, 10, seed=3)
    assert drawn != sampled(queries, 10, seed=4)
    assert [query.picture for query in drawn] == sorted({query.picture or 0 for query in drawn})
    assert sampled(queries, 100, seed=3) == queries

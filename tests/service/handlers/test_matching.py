"""What may have been meant by a name that does not exist."""

from service.handlers.matching import close_matches

GENES = [f"PP_{number:04d}:knockdown" for number in (362, 368, 691, 751, 806, 815, 5164)]


def test_swapped_characters_are_nearer_than_wrong_ones():
    assert close_matches("PP_0386:knockdown", GENES)[0] == "PP_0368:knockdown"


def test_the_order_of_the_known_names_changes_nothing():
    forward, backward = (close_matches("PP_0386:knockdown", k) for k in (GENES, GENES[::-1]))
    assert forward == backward
    assert len(forward) == 3


def test_a_name_like_no_other_has_no_match():
    assert close_matches("zzzz", GENES) == []

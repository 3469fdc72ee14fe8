"""The small account's orders and lines, full of edges: drawn for the oracle's people, put into the database."""

from random import Random

from hypothesis import strategies as st

from tests.oracle import Person, World


def draw(people: list[Person], random: Random) -> None:
    """Gives the people their orders and their lines."""


def settle(world: World) -> None:
    """Puts them into the database, for contacts that are there already."""


def criteria() -> list[st.SearchStrategy]:
    """Random criteria about them."""
    return []

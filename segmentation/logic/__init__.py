"""What criteria say whatever the data are: that nobody can satisfy them, or that everybody does."""

from segmentation.logic.verdicts import Clash, Remembered, Verdict, ground_of, judged

__all__ = ["Clash", "Remembered", "Verdict", "ground_of", "judged"]

"""What criteria say whatever the data are: that nobody can satisfy them, or that everybody does."""

from segmentation.logic.verdicts import Clash, Verdict, judged

__all__ = ["Clash", "Verdict", "judged"]

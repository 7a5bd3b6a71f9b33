"""The figures of the register: which they are, how each is counted, their course in time."""

from mailboxes.indicators.course import Indicators
from mailboxes.indicators.measuring import measure
from mailboxes.indicators.table import BY_NAME, FIGURES, IndicatorFigure

__all__ = ["BY_NAME", "FIGURES", "IndicatorFigure", "Indicators", "measure"]

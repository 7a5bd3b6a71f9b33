"""One line of docs/benchmarks.md."""

from dataclasses import dataclass


@dataclass
class Row:
    """A measure against another of the same run; `limit` is the ratio (or without `base`, the value) not to pass."""

    work: str
    value: float
    unit: str = "s"
    against: str = ""
    base: float | None = None
    limit: float | None = None
    at_least: bool = False  # the limit is to be reached, not kept under

    @property
    def ratio(self):
        return self.value / self.base if self.base else None

    @property
    def is_reached(self):
        measured = self.value if self.ratio is None else self.ratio
        if self.limit is None:
            return None
        return measured >= self.limit if self.at_least else measured <= self.limit

    def line(self):
        base = f"{self.against}: {self.base:.4g} {self.unit}" if self.base else self.against
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}x"
        limit = (
            "" if self.limit is None else f"{'≥' if self.at_least else '≤'} {self.limit:g}{'x' if self.ratio else ''}"
        )
        reached = {True: "yes", False: "**no**", None: ""}[self.is_reached]
        return f"| {self.work} | {self.value:.4g} {self.unit} | {base} | {ratio} | {limit} | {reached} |"

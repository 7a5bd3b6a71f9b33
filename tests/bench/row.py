"""One line of docs/benchmarks.md."""

from dataclasses import dataclass


@dataclass
class Row:
    """A measure against another of the same run; `limit` is the ratio (or without `base`, the value) not to pass, on a
    machine as fast as that where it was set: `pace` is how many times slower this one is."""

    work: str
    value: float
    unit: str = "s"
    against: str = ""
    base: float | None = None
    limit: float | None = None
    at_least: bool = False  # the limit is to be reached, not kept under
    pace: float = 1

    @property
    def ratio(self):
        return self.value / self.base if self.base else None

    @property
    def limit_here(self):
        """The limit that holds on this machine; a rate is its inverse."""
        if self.limit is None or self.ratio is not None or not self.is_of_time:
            return self.limit
        return self.limit / self.pace if self.at_least else self.limit * self.pace

    @property
    def is_of_time(self):
        unit = self.unit.split()[0]
        return unit in ("s", "ms") or unit.endswith("/s")

    @property
    def is_reached(self):
        if self.limit is None:
            return None
        measured = self.value if self.ratio is None else self.ratio
        return measured >= self.limit_here if self.at_least else measured <= self.limit_here

    def line(self):
        base = f"{self.against}: {self.base:.4g} {self.unit}" if self.base else self.against
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}x"
        sign, here = "≥" if self.at_least else "≤", self.limit_here
        limit = "" if self.limit is None else f"{sign} {self.limit:g}{'x' if self.ratio else ''}"
        limit += f", here {here:.3g}" if here != self.limit else ""
        reached = {True: "yes", False: "**no**", None: ""}[self.is_reached]
        return f"| {self.work} | {self.value:.4g} {self.unit} | {base} | {ratio} | {limit} | {reached} |"

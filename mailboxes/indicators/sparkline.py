"""The course of a figure in the height of a line."""

SPARK = (96, 22)  # of a sparkline, in units of its viewBox


def sparkline(values: list[int]) -> str:
    """The points of a polyline from the first value to the last; flat where nothing changed."""
    if len(values) < 2:
        return ""
    low, span = min(values), (max(values) - min(values)) or 1
    width, height = SPARK
    flat = len(set(values)) == 1
    step = width / (len(values) - 1)
    heights = [height / 2 if flat else height - (value - low) * height / span for value in values]
    return " ".join(f"{i * step:.1f},{y:.1f}" for i, y in enumerate(heights))

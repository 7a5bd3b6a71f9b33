"""The BAL for other software: the same reads, verbs and refusals as the pages."""

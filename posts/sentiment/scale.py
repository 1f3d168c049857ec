"""The scale of all scorers: a score up to NEGATIVE is negative, one from POSITIVE on is positive, and what is between is neutral.

VADER's authors chose these for their lexicon (github.com/cjhutto/vaderSentiment, "About the Scoring"); the head is calibrated to them.
"""

NEGATIVE, POSITIVE = -0.05, 0.05

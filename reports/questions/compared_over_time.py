"""The parts with most posts, in words."""

from ..sentences import most_posts

finding = most_posts("part")

"""The busiest week, in words."""

from ..sentences import busiest

finding = busiest("week", "that of %d %b")

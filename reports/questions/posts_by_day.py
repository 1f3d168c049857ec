"""The busiest day, in words."""

from ..sentences import busiest

finding = busiest("day", "%a %d %b")

"""The busiest hour, in words."""

from ..sentences import busiest

finding = busiest("hour", "%a %d %b, %H:%M")

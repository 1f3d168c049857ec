"""The questions that people bring, one .sql file each, and the program that answers them: tables, CSV, a page, a live page.

Whoever reads the data reads it as it is now: a post that was deleted is in no report made afterwards.
"""

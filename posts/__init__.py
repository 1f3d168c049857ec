"""What a post of X's is: its JSON, its texts, its price, and the rows that are made of it.

Pure: values in, values out. Nothing here imports another package of the project, a Google client, a clock or the environment, so every
deployable carries this folder as it is.
"""

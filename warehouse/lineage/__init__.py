"""The way above a figure: the models, columns and sources that it is computed by, and the build that did it."""

"""The evidence sheet of a figure: one page that is printed and put into a file."""

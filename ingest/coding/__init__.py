"""Codes from free text: the town of an address, the industry section of a business scope, the amount of a capital text.

Plain functions over dictionaries that are data (`data/*.csv`, maintained by the bureau). What the dictionaries do not say stays
unknown: nothing is guessed, and nothing raises whatever the text.
"""

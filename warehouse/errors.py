"""The one exception that people see as a sentence."""


class BureauError(Exception):
    """An error that is explained to the person at the keyboard.

    `key` names a text of the catalogue (`warehouse/texts/*.yml`), `values` fill its placeholders. The command line
    prints the sentence in the chosen language and leaves with exit code 1; no traceback is shown.
    """

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key, values)
        self.key = key
        self.values = values

    def text(self, lang: str = "en") -> str:
        """The sentence in `lang` ("en" or "zh")."""
        from warehouse.texts import t

        return t(self.key, lang, **self.values)

    def __str__(self) -> str:
        """The English sentence: for logs, where no language was chosen."""
        return self.text("en")

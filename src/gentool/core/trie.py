"""A prefix trie: texts in, and what may follow a beginning of one of them out. Called by gentool.engines.constrain."""

from __future__ import annotations

from collections.abc import Iterable


class Trie:
    """One place in some texts: by byte the places that may come next, and whether a text ends here.

    Behind the end of a text anything may follow, so an end has no places after it: of two texts that begin alike, the
    shorter one decides.
    """

    def __init__(self) -> None:
        self.children: dict[int, Trie] = {}
        self.ends = False

    @classmethod
    def of(cls, texts: Iterable[bytes]) -> Trie:
        """The place before the first byte of the texts."""
        root = cls()
        for text in texts:
            root._add(text)
        return root

    def _add(self, text: bytes) -> None:
        place = self
        for byte in text:
            if place.ends:
                return
            place = place.children.setdefault(byte, Trie())
        place.ends = True
        place.children = {}

    def follow(self, text: bytes) -> Trie | None:
        """The place behind `text`, which may go past an end; None where no text of the trie goes that way."""
        place: Trie | None = self
        for byte in text:
            if place is None or place.ends:
                break
            place = place.children.get(byte)
        return place

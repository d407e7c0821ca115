"""What happened to items before they came here, as long as the program may ask."""

from __future__ import annotations

from typing import Any, Iterable, Optional

__all__ = ["Past"]


class Past:
    def __init__(self) -> None:
        #: tag → which delivery it is, of those that are not the first.
        self.attempts: "dict[int, int]" = {}
        #: tag → what became of it before, of those that are dead letters.
        self.deaths: "dict[int, dict[str, Any]]" = {}
        #: Of what comes next.
        self.next_death: "Optional[dict[str, Any]]" = None

    def came(self, tags: range, attempt: Optional[int]) -> None:
        if attempt is not None:
            self.attempts.update(dict.fromkeys(tags, attempt))
        if self.next_death is not None:
            self.deaths.update(dict.fromkeys(tags, self.next_death))
            self.next_death = None

    def forget(self, tags: "Iterable[int]") -> None:
        if self.attempts or self.deaths:
            for tag in tags:
                self.attempts.pop(tag, None)
                self.deaths.pop(tag, None)

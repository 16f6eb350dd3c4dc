"""What is known of the chosen model on the chosen server."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sora_tui.core.parameters import ModelSchema
    from sora_tui.core.server import Server
    from sora_tui.tui.state.session import Session


class ModelLookup:
    """Looks it up once for each server and model, in the files of the folder and of the program."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._found: ModelSchema | None = None
        self._key: tuple[Server, str | None] | None = None

    @property
    def schema(self) -> ModelSchema:
        """What was looked up last; where that never happened, of the server alone."""
        if self._found is None:
            return self._look_up(None)
        return self._found

    def choose(self, model: str | None, *, refresh: bool = False) -> bool:
        """Look up what is known of this model; return whether that is something else than before.

        Args:
            model: Its name; None is the one that the server chooses.
            refresh: The server may have been recognized meanwhile.
        """
        if (self._session.settings.server, model) == self._key and not refresh:
            return False
        before = self._found
        return self._look_up(model) != before

    def _look_up(self, model: str | None) -> ModelSchema:
        from sora_tui.engine.model_schema import model_schema_for

        server = self._session.settings.server
        self._key = (server, model)
        self._found = model_schema_for(self._session.folder, server, model)
        return self._found

"""How a reference gets to the size of the clip: chosen by seeing what it will be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from sora_tui.core.reference_fit import ImageFacts
from sora_tui.core.request import BLACK, BLUR, COVER, Fit, Gravity, How, is_fill, read_fit
from sora_tui.core.text import clean_line
from sora_tui.i18n import N_, _
from sora_tui.tui.intent import Intent
from sora_tui.tui.widgets.picture import PictureView

if TYPE_CHECKING:
    from textual.widgets import Input

T = TypeVar("T")

_HOWS: Final[dict[How, str]] = {
    "cover": N_("fill and cut"),
    "contain": N_("show all"),
    "stretch": N_("stretch"),
}
_GRAVITIES: Final[dict[Gravity, str]] = {
    "top": N_("top"),
    "left": N_("left"),
    "centre": N_("centre"),
    "bottom": N_("bottom"),
    "right": N_("right"),
}
_FILLS: Final[dict[str, str]] = {
    BLACK: N_("black"),
    BLUR: N_("blurred"),
    "white": N_("white"),
    "grey": N_("grey"),
}


class FitPicturesWanted(Intent):
    """Picture and result are wanted for this fit, in the room there is."""

    owner = "reference_fit"
    method = "draw_fit"

    def __init__(self, fit: Fit) -> None:
        super().__init__()
        self.fit = fit


class FitWindow(Screen[Fit | None]):
    """The picture with what is cut, beside what is sent; answers the fit that was chosen."""

    DEFAULT_CSS = """
    FitWindow > Static { height: 1; width: 1fr; padding: 0 1; }
    FitWindow > #fit-name { text-style: bold; }
    FitWindow > #fit-keys { color: $foreground-muted; }
    FitWindow > #fit-effect { color: $text-warning; }
    FitWindow > Horizontal { height: 1fr; }
    FitWindow Vertical { width: 1fr; padding: 0 1; }
    FitWindow Vertical > Static { height: 1; color: $foreground-muted; }
    FitWindow > Input { height: 1; border: none; padding: 0 1; background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", N_("Back")),
        Binding("enter", "use", N_("Use")),
        Binding("right,l,f", "how(1)", N_("Next way")),
        Binding("left,h", "how(-1)", N_("Previous way")),
        Binding("down,j", "detail(1)", N_("Next side or filling")),
        Binding("up,k", "detail(-1)", N_("Previous side or filling")),
        Binding("c", "colour", N_("Type a colour")),
    ]

    def __init__(self, name: str, facts: ImageFacts, size: tuple[int, int], fit: Fit) -> None:
        """Make the window.

        Args:
            name: What the picture is called.
            facts: Format and size of the picture.
            size: Of the clip, width and height in pixels.
            fit: What is chosen at first; for `exact` it is `cover`.
        """
        super().__init__()
        self._called = name
        self._facts = facts
        self._clip = size
        self._fit = fit if fit.how in _HOWS else COVER
        self._lines = {
            part: Static("", id=f"fit-{part}", markup=False)
            for part in ("name", "how", "detail", "effect", "keys")
        }
        self.whole, self.fitted = PictureView(), PictureView()

    def compose(self) -> ComposeResult:
        """What it is, both pictures, the choices, the keys."""
        yield self._lines["name"]
        with Horizontal():
            with Vertical():
                yield Static(_("your picture"), markup=False)
                yield self.whole
            with Vertical():
                yield Static(_("what is sent"), markup=False)
                yield self.fitted
        for part in ("how", "detail", "effect", "keys"):
            yield self._lines[part]

    def on_mount(self) -> None:
        """Say what is chosen."""
        self._say()

    def on_picture_view_room_changed(self) -> None:
        """Another room, other pictures."""
        self.post_message(FitPicturesWanted(self._fit))

    # Values in --------------------------------------------------------------------------------

    def complain(self, words: str) -> None:
        """Say why there are no pictures."""
        self._lines["effect"].update(Content(words))

    # Choices ----------------------------------------------------------------------------------

    def action_leave(self) -> None:
        """Leave everything as it was."""
        self.dismiss(None)

    def action_use(self) -> None:
        """Send the picture so."""
        self.dismiss(read_fit(str(self._fit)))

    def action_how(self, by: int) -> None:
        """Another way."""
        self._choose(self._fit._replace(how=_beside(list(_HOWS), self._fit.how, by)))

    def action_detail(self, by: int) -> None:
        """Another side that stays, or another filling."""
        if self._fit.how == "cover" and self._sides:
            self._choose(self._fit._replace(gravity=_beside(self._sides, self._side, by)))
        elif self._fit.how == "contain":
            self._choose(self._fit._replace(fill=_beside(self._fills, self._fit.fill, by)))

    async def action_colour(self) -> None:
        """Type any colour to fill with."""
        from textual.widgets import Input

        if self._fit.how == "contain" and not self.query(Input):
            asked = Input(placeholder=_("a colour, as #204060; enter takes it"), compact=True)
            await self.mount(asked, before=self._lines["keys"])
            asked.focus()

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """A colour was typed."""
        event.stop()
        typed = event.value.strip().lower()
        if typed and not typed.startswith("#") and not is_fill(typed):
            typed = f"#{typed}"
        if is_fill(typed):
            await self._close_input()
            self._choose(self._fit._replace(fill=typed))
        elif typed:
            self.complain(
                _("{typed} is no colour: six digits, as in #204060").format(
                    typed=clean_line(typed, 20)
                )
            )
        else:
            await self._close_input()

    async def on_key(self, event: events.Key) -> None:
        """Esc leaves the colour first."""
        if event.key == "escape" and self.query("Input"):
            event.stop()
            event.prevent_default()
            await self._close_input()

    async def _close_input(self) -> None:
        self.set_focus(None)
        await self.query("Input").remove()

    def _choose(self, fit: Fit) -> None:
        self._fit = fit
        self._say()
        self.post_message(FitPicturesWanted(fit))

    @property
    def _sides(self) -> list[Gravity]:
        """The sides of which one can stay; none where nothing is cut."""
        across = self._facts.width * self._clip[1] - self._facts.height * self._clip[0]
        if across == 0:
            return []
        return ["left", "centre", "right"] if across > 0 else ["top", "centre", "bottom"]

    @property
    def _side(self) -> Gravity:
        """The side that stays; one that is whole anyway means the centre."""
        return self._fit.gravity if self._fit.gravity in self._sides else "centre"

    @property
    def _fills(self) -> list[str]:
        own = [] if self._fit.fill in _FILLS else [self._fit.fill]
        return [*_FILLS, *own]

    # Words ------------------------------------------------------------------------------------

    def _say(self) -> None:
        from sora_tui.core.reference_fit import badge
        from sora_tui.tui.presenters.reference_fit import change, shape

        width, height = self._clip
        facts, size = self._facts, f"{width}x{height}"
        of, to = (f"{w}x{h} {shape(w, h)}" for w, h in ((facts.width, facts.height), self._clip))
        self._lines["name"].update(Content(f"{self._called}  {of} → {to}"))
        hows = [(_(words), how == self._fit.how) for how, words in _HOWS.items()]
        self._lines["how"].update(_choices(_("way"), hows))
        self._lines["detail"].update(self._detail())
        words = change(facts, badge(facts, size), size, self._fit)
        self._lines["effect"].update(Content(words))
        keys = [_("enter use  esc back  ← → way")]
        if self._fit.how == "cover" and self._sides:
            keys.append(_("↑ ↓ side"))
        if self._fit.how == "contain":
            keys.append(_("↑ ↓ filling  c colour"))
        self._lines["keys"].update(Content("  ".join(keys)))

    def _detail(self) -> Content:
        if self._fit.how == "cover" and self._sides:
            sides = [(_(_GRAVITIES[side]), side == self._side) for side in self._sides]
            return _choices(_("keep"), sides)
        if self._fit.how == "contain":
            fills = [
                (_(_FILLS[fill]) if fill in _FILLS else fill, fill == self._fit.fill)
                for fill in self._fills
            ]
            return _choices(_("fill"), fills)
        return Content("")


def _beside(choices: list[T], now: T, by: int) -> T:
    return choices[(choices.index(now) + by) % len(choices)]


def _choices(title: str, choices: Sequence[tuple[str, bool]]) -> Content:
    """All of them in a line, the chosen one in brackets."""
    line = Content.styled(f"{title:<8}", "$foreground-muted")
    for words, is_chosen in choices:
        line += Content.styled(f"[{words}]", "bold") if is_chosen else Content(f" {words} ")
        line += Content(" ")
    return line

"""The references pane: the pictures of input_reference/, each with how it goes with the size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from sora_tui.core.reference_fit import (
    ReferenceFile,
    badge,
    fit_if_sent,
)
from sora_tui.core.request import COVER, Fit
from sora_tui.core.text import clean_line, folded
from sora_tui.i18n import N_, _
from sora_tui.tui.commands.table import bindings
from sora_tui.tui.intent import Intent
from sora_tui.tui.presenters.reference_fit import effect, loss, shape
from sora_tui.tui.widgets.virtual_list import Cell, Column, Tone, VirtualList

if TYPE_CHECKING:
    from textual.widgets import Input

_SIGNS: Final = {"ok": "✓", "png": "✓", "fit": "✂", "no": "✗"}
_TONES: Final[Mapping[str, Tone]] = {"ok": "ok", "png": "ok", "fit": "warn", "no": "error"}
_FOLDER: Final = "input_reference/"


class ReferenceChosen(Intent):
    """This picture is to be sent; None: none is."""

    owner = "reference_fit"
    method = "choose"

    def __init__(self, path: str | None) -> None:
        super().__init__()
        self.path = path


class FitAsked(Intent):
    """The person wants to choose how this picture is brought to the size."""

    owner = "reference_fit"
    method = "ask_fit"

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path


class PictureHighlighted(Message):
    """The cursor stands on another picture, or on none."""


class PictureWanted(Intent):
    """The person wants to see this picture."""

    owner = "reference_fit"
    method = "show_picture"

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path


class ReferencesPane(Vertical):
    """The pictures; enter uses one, enter again drops it. Paths are within input_reference/."""

    DEFAULT_CSS = """
    ReferencesPane > VirtualList { height: 1fr; }
    ReferencesPane > #references-effect { height: 1; padding: 0 1; color: $foreground-muted; }
    ReferencesPane > Input { height: 1; border: none; padding: 0 1; background: $surface; }
    """
    WHERE: ClassVar = "references"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("references")]

    def __init__(
        self, *, host: str = "", folder: str = "", ascii: bool = False, id: str | None = None
    ) -> None:
        """Make the pane.

        Args:
            host: What the person's own machine calls this one in an scp line.
            folder: The absolute path of input_reference/.
            ascii: Use ASCII signs only.
            id: The id of the widget.
        """
        super().__init__(id=id)
        self._host, self._folder = host, folder
        self._ascii = ascii
        self._files: dict[str, ReferenceFile] = {}
        self._wanted: str | None = None
        self._chosen: str | None = None
        self._fit = COVER
        self._titles = ("", "")
        self._found: list[str] = []
        self._words = self._said = ""
        self._effect = Static("", id="references-effect", markup=False)
        self._list = VirtualList(_columns(ascii), self._row)

    def compose(self) -> ComposeResult:
        """The list, and what sending the highlighted picture does to it."""
        yield self._list
        yield self._effect

    def on_mount(self) -> None:
        """Words are chosen now that the language is known."""
        self.set_place(self._host, self._folder)
        self._show_title()

    # Values in --------------------------------------------------------------------------------

    def show(self, files: Sequence[ReferenceFile], size: str | None, chosen: str | None) -> None:
        """Show these pictures, judged for `size` (`width x height`, None: any will do)."""
        self._files = {file.path: file for file in files}
        self._wanted, self._chosen = size, _within(chosen)
        self._filter()

    def update(self, files: Sequence[ReferenceFile]) -> None:
        """More is known of these, which are in the list."""
        self._files |= {file.path: file for file in files}
        self._list.update_rows(file.path for file in files)
        self._show_effect()

    def set_size(self, size: str | None) -> None:
        """Judge the pictures for another size."""
        self._wanted = size
        self._refresh()

    def set_chosen(self, path: str | None) -> None:
        """Mark the picture that will be sent."""
        before, self._chosen = self._chosen, _within(path)
        self._refresh()
        if self._chosen != before:
            self.post_message(PictureHighlighted())  # enter means something else now

    def set_fit(self, fit: Fit) -> None:
        """How the chosen picture is brought to the size."""
        self._fit = fit
        self._refresh()

    def set_place(self, host: str, folder: str) -> None:
        """Say in the empty list where pictures are to be copied."""
        self._host, self._folder = host, folder
        self._show_empty()

    def _show_empty(self) -> None:
        if self._words and self._files:
            text = _('0 of {count} match "{words}"  esc clears')
            facts = {"count": f"{len(self._files):,}", "words": clean_line(self._words, 40)}
            self._list.set_empty_text(text.format(**facts))
            return
        host, folder = self._host, self._folder
        place = clean_line(f"{host}:{folder.rstrip('/')}/" if folder else _FOLDER)
        text = _(
            "No pictures in input_reference/ (JPG PNG GIF BMP WebP). From your machine:\n\n"
            "scp photo.jpg {place}"
        )
        self._list.set_empty_text(text.format(place=place))

    def focus_pane(self) -> None:
        """Take the keys."""
        self._list.focus()

    # Values out -------------------------------------------------------------------------------

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """The keys that do something for the highlighted picture."""
        path = self._list.cursor_id
        if path is None:
            return (("references.clear", N_("Every picture")),) if self._words else ()
        use = N_("Drop") if path == self._chosen else N_("Use")
        return (
            ("list.select", use),
            ("references.look", N_("Look")),
            ("references.fit", N_("Fit")),
            ("references.search", N_("Find")),
        )

    @property
    def in_sight(self) -> list[str]:
        """The pictures whose rows are on the screen, and those one page further."""
        path = self._list.cursor_id
        at = self._list.index_of(path) if path is not None else None
        near = max(self._list.size.height, 1)
        return self._found[max((at or 0) - near, 0) : (at or 0) + 2 * near]

    def move(self, by: int) -> str | None:
        """Put the cursor `by` rows further; the picture there."""
        self._list.action_move(by)
        return self._list.cursor_id

    def action_fit(self) -> None:
        """Ask for the ways to fit it."""
        if self._list.cursor_id is not None:
            self.post_message(FitAsked(self._list.cursor_id))

    def action_show_picture(self) -> None:
        """Ask for the picture itself."""
        if self._list.cursor_id is not None:
            self.post_message(PictureWanted(self._list.cursor_id))

    # Searching --------------------------------------------------------------------------------

    async def action_search(self) -> None:
        """Ask for words of a name."""
        from textual.widgets import Input  # its import is not for the first frame

        field = self.query(Input)
        if field:
            field.first().focus()
            return
        asked = Input(self._words, placeholder=_("part of a name"), compact=True)
        await self.mount(asked, before=self._list)
        asked.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what matches as it is typed."""
        event.stop()
        self._words = event.value
        self._filter()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go on in the list."""
        event.stop()
        self.focus_pane()

    async def action_clear_search(self) -> None:
        """Show every picture again."""
        from textual.widgets import Input

        self._words = ""
        self.focus_pane()
        await self.query(Input).remove()
        self._filter()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Esc is ours only while there is a search; otherwise it leads back."""
        return action != "clear_search" or bool(self.query("Input"))

    def _filter(self) -> None:
        words = folded(self._words).split()
        self._found = [path for path in self._files if all(word in folded(path) for word in words)]
        self._show_empty()
        self._list.set_rows(self._found)
        self._refresh()

    @on(VirtualList.Highlighted)
    def _highlighted(self, message: VirtualList.Highlighted) -> None:
        message.stop()
        self._show_effect()
        self.post_message(PictureHighlighted())

    @on(VirtualList.Selected)
    def _selected(self, message: VirtualList.Selected) -> None:
        message.stop()
        self.post_message(
            ReferenceChosen(None if message.row_id == self._chosen else message.row_id)
        )

    # Drawing ----------------------------------------------------------------------------------

    def _refresh(self) -> None:
        self._list.update_rows()
        self._show_title()
        self._show_effect()

    def _show_effect(self) -> None:
        """What the width of the rows may leave out, of the highlighted picture."""
        file = self._files.get(self._list.cursor_id or "")
        text = ""
        if file is not None and file.was_read:
            judged = badge(file.facts, self._wanted)
            text = effect(file, judged, self._wanted, self._fit_of(file))
        if text != self._said:
            self._said = text
            self._effect.update(Content(text), layout=False)

    def _fit_of(self, file: ReferenceFile) -> Fit:
        """How this picture is brought to the size if it is chosen now."""
        is_chosen = file.path == self._chosen
        return fit_if_sent(self._fit, badge(file.facts, self._wanted), is_chosen=is_chosen)

    def _show_title(self) -> None:
        if not self.is_attached:
            return
        count = f"{len(self._files):,}" if self._files else ""
        if self._words and count:
            count = _("{found} of {count}").format(found=f"{len(self._found):,}", count=count)
        parts = [f"2 {_('References')}", count]
        if self._wanted:
            parts.append(_("for {size}").format(size=clean_line(self._wanted, 20)))
        titles = "  ".join(part for part in parts if part), _("enter use  space look  / find")
        if titles != self._titles:
            self._titles = titles
            self.border_title, self.border_subtitle = Content(titles[0]), Content(titles[1])

    def _row(self, path: str) -> Mapping[str, Cell]:
        file = self._files[path]
        judged = badge(file.facts, self._wanted)
        tone = _TONES[judged.kind]
        used = path == self._chosen
        row = {
            "used": Cell("*" if used else ""),
            "sign": Cell(_SIGNS[judged.kind], tone),
            "name": Cell(clean_line(path, 200)),
        }
        if not file.was_read:
            return {**row, "sign": Cell(""), "size": Cell("...", "muted")}
        if file.facts is None:
            return {**row, "size": Cell(_("unreadable"), tone), "word": Cell("no", tone)}
        width, height = file.facts.width, file.facts.height
        return {
            **row,
            "size": Cell(f"{width}x{height}"),
            "shape": Cell(shape(width, height), "muted"),
            "word": Cell(judged.kind, tone),
            "loss": Cell(loss(judged, self._fit_of(file)), "muted"),
        }


def _within(path: str | None) -> str | None:
    return None if path is None else path.removeprefix(_FOLDER)


def _columns(ascii: bool) -> tuple[Column, ...]:
    # The words say what the signs say, so a terminal without the signs loses nothing.
    signs = () if ascii else (Column("sign", "", 1),)
    return (
        *signs,
        Column("used", "", 1),
        # The line below the list has the shape, too: a narrow pane keeps the name instead.
        Column("name", "", None, min_width=13),
        Column("size", "", 10),
        Column("shape", "", 5, drop=1),
        Column("word", "", 3),
        Column("loss", "", 10, drop=2),
    )

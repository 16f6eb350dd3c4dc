"""The references pane: the pictures of input_reference/, each with how it goes with the size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message

from sora_tui.core.request import Fit
from sora_tui.core.text import clean_line
from sora_tui.i18n import N_, _
from sora_tui.tui.keys import Key, bindings
from sora_tui.tui.virtual_list import Cell, Column, Tone, VirtualList
from sora_tui.workspace.references import Badge, ReferenceFile, badge

_SIGNS: Final = {"ok": "✓", "png": "✓", "fit": "✂", "no": "✗"}
_TONES: Final[Mapping[str, Tone]] = {"ok": "ok", "png": "ok", "fit": "warn", "no": "error"}
_FOLDER: Final = "input_reference/"
#: Shapes that have a name; any other is written as a ratio to one.
_SHAPES: Final = (
    (1, 1),
    (5, 4),
    (4, 3),
    (3, 2),
    (16, 10),
    (16, 9),
    (7, 4),
    (21, 9),
)


class ReferenceChosen(Message):
    """This picture is to be sent; None: none is."""

    def __init__(self, path: str | None) -> None:
        super().__init__()
        self.path = path


class FitCycled(Message):
    """The next way to bring this picture to the size is wanted."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path


class ReferencesPane(Vertical):
    """The pictures; enter uses one, enter again drops it. Paths are within input_reference/."""

    DEFAULT_CSS = "ReferencesPane > VirtualList { height: 1fr; }"
    KEYS: ClassVar[tuple[Key, ...]] = (
        Key("references.fit", "f", N_("Next way to fit the picture"), "fit"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(KEYS)]

    def __init__(
        self, *, host: str = "", folder: str = "", ascii: bool = False, id: str | None = None
    ) -> None:
        """Make the pane.

        Args:
            host: What the person's own machine calls this one in an scp line.
            folder: The absolute path of input_reference/.
        """
        super().__init__(id=id)
        self._host, self._folder = host, folder
        self._ascii = ascii
        self._files: dict[str, ReferenceFile] = {}
        self._wanted: str | None = None
        self._chosen: str | None = None
        self._fit: Fit = "cover"
        self._titles = ("", "")
        self._list = VirtualList(_columns(ascii), self._row)

    def compose(self) -> ComposeResult:
        """The list alone."""
        yield self._list

    def on_mount(self) -> None:
        """Words are chosen now that the language is known."""
        self.set_place(self._host, self._folder)
        self._show_title()

    # Values in --------------------------------------------------------------------------------

    def show(self, files: Sequence[ReferenceFile], size: str | None, chosen: str | None) -> None:
        """Show these pictures, judged for `size` (`width x height`, None: any will do)."""
        self._files = {file.path: file for file in files}
        self._wanted, self._chosen = size, _within(chosen)
        self._list.set_rows(list(self._files))
        self._refresh()

    def set_size(self, size: str | None) -> None:
        """Judge the pictures for another size."""
        self._wanted = size
        self._refresh()

    def set_chosen(self, path: str | None) -> None:
        """Mark the picture that will be sent."""
        self._chosen = _within(path)
        self._refresh()

    def set_fit(self, fit: Fit) -> None:
        """How the chosen picture is brought to the size."""
        self._fit = fit
        self._refresh()

    def set_place(self, host: str, folder: str) -> None:
        """Say in the empty list where pictures are to be copied."""
        self._host, self._folder = host, folder
        place = clean_line(f"{host}:{folder.rstrip('/')}/" if folder else _FOLDER)
        text = _(
            "No pictures in input_reference/. From your machine: scp photo.jpg {place}"
            "   (JPG PNG GIF BMP WebP)"
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
            return ()
        return (("enter", N_("Drop") if path == self._chosen else N_("Use")), ("f", N_("Fit")))

    def action_fit(self) -> None:
        """Ask for the next way to fit."""
        if self._list.cursor_id is not None:
            self.post_message(FitCycled(self._list.cursor_id))

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

    def _show_title(self) -> None:
        if not self.is_attached:
            return
        parts = [f"2 {_('References')}", str(len(self._files)) if self._files else ""]
        if self._wanted:
            parts.append(_("for {size}").format(size=clean_line(self._wanted, 20)))
        titles = "  ".join(part for part in parts if part), _("enter use  f fit")
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
        if file.facts is None:
            return {**row, "size": Cell(_("unreadable"), tone), "word": Cell("no", tone)}
        width, height = file.facts.width, file.facts.height
        return {
            **row,
            "size": Cell(f"{width}x{height}"),
            "shape": Cell(shape(width, height), "muted"),
            "word": Cell(judged.kind, tone),
            "loss": Cell(_loss(judged, self._fit if used else "cover"), "muted"),
        }


def shape(width: int, height: int) -> str:
    """The shape of a picture as people call it: `16:9`, `4:3`, `2.35:1`."""
    ratio = max(width, height) / min(width, height)
    for long, short in _SHAPES:
        if abs(ratio - long / short) < 0.01 * ratio:
            return f"{long}:{short}" if width >= height else f"{short}:{long}"
    return f"{ratio:.2g}:1" if width >= height else f"1:{ratio:.2g}"


def _loss(judged: Badge, fit: Fit) -> str:
    """What bringing the picture to the size costs it."""
    if judged.reason is not None:
        return _("animated") if judged.reason == "reference_animated" else ""
    if judged.kind != "fit":
        return ""
    if fit == "contain":
        return _("adds bars")
    if fit == "stretch":
        return _("distorts")
    if fit == "exact":
        return _("needs f")
    return _("cuts {percent}%").format(percent=round(100 * judged.cut)) if judged.cut else ""


def _within(path: str | None) -> str | None:
    return None if path is None else path.removeprefix(_FOLDER)


def _columns(ascii: bool) -> tuple[Column, ...]:
    # The words say what the signs say, so a terminal without the signs loses nothing.
    signs = () if ascii else (Column("sign", "", 1),)
    return (
        *signs,
        Column("used", "", 1),
        Column("name", "", None, min_width=8),
        Column("size", "", 10),
        Column("shape", "", 5, drop=1),
        Column("word", "", 3),
        Column("loss", "", 9, drop=2),
    )

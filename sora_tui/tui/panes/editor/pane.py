"""The editor pane: the prompt, its settings, and the question before anything is paid."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget
from textual.widgets import Static

from sora_tui.core.request import MAX_PROMPT
from sora_tui.core.text import clean, clean_line
from sora_tui.i18n import N_, _
from sora_tui.i18n.answers import yes_key
from sora_tui.tui.intent import Intent
from sora_tui.tui.panes.consent_line import ConsentLine
from sora_tui.tui.panes.editor.early_keys import PromptPreview

if TYPE_CHECKING:
    from sora_tui.core.price import Price
    from sora_tui.core.request import Fit
    from sora_tui.core.server import Server
    from sora_tui.tui.panes.editor.prompt_area import PromptText
    from sora_tui.tui.panes.editor.settings_bar import SettingsLine
    from sora_tui.tui.panes.editor.variables_form import VariablesForm
    from sora_tui.tui.presenters.order import Picture, Question
    from sora_tui.tui.state.draft import Draft
    from sora_tui.tui.widgets.message import MessageLine

#: From this inner size on the pane says all it knows about the order.
_ROOMY: Final = Size(64, 18)


class EditorPane(Widget, can_focus=False):
    """Prompt, settings and price of the clip that is next."""

    DEFAULT_CSS = """
    EditorPane { layout: vertical; }
    EditorPane > #prompt, EditorPane > #text {
        height: 1fr;
        border: none;
        padding: 0;
        background: transparent;
    }
    EditorPane.-asking > SettingsLine { display: none; }
    EditorPane.-sent > #text { display: none; }
    EditorPane > .sent-note { padding: 0 1; color: $foreground-muted; }
    EditorPane > SettingsLine.-roomy { border-top: solid $border-blurred; }
    """

    class DraftChanged(Intent):
        """Text or settings are not what they were."""

        owner = "editor"
        method = "note_change"

    class ConsentGiven(Intent):
        """Yes; `always` for this server from now on."""

        owner = "orders"
        method = "agree"

        def __init__(self, always: bool) -> None:
            super().__init__()
            self.always = always

    class ConsentDeclined(Intent):
        """No."""

        owner = "orders"
        method = "decline"

    def __init__(self, *, id: str, classes: str = "", taken: Container[str] = ()) -> None:
        super().__init__(id=id, classes=classes)
        self._taken = taken
        self._safe = True
        self._facts: tuple[Picture | None, Price | None, Server, str, bool] | None = None
        #: These come with `wake`, and the line when they stand on the screen.
        self._draft: Draft | None = None
        self._text: PromptText | None = None
        self._settings: SettingsLine | None = None
        self._message: MessageLine | None = None
        #: What the area made of the text it was given; while it stands, that text is untouched.
        self._shown = ""
        #: While a question waits: one of these.
        self._form: VariablesForm | None = None
        self._consent: ConsentLine | None = None

    def compose(self) -> ComposeResult:
        """What the first frame needs: the place of the text, which takes keys that come early."""
        yield PromptPreview(id="prompt")

    # What the app tells -----------------------------------------------------------------------

    async def wake(self, draft: Draft) -> None:
        """Bring the text area with the first draft; its imports are not for the frame before."""
        from sora_tui.tui.panes.editor.prompt_area import PromptText

        preview = self.query_one(PromptPreview)
        self._draft = draft
        self._text = PromptText(draft.text, id="text", taken=self._taken)
        await self.mount(self._text, before=preview)
        self._shown = self._text.text
        self._text.move_cursor(self._text.document.end)
        self._title()
        if preview.has_focus:
            # At no moment may a letter fall through to the commands.
            self.screen.set_focus(self._text)
        preview.hand_over(self._text)
        await preview.remove()

    async def bring_settings(self, known: Mapping[str, tuple[str, ...]]) -> None:
        """Bring the line of settings, with the values they can step through."""
        from sora_tui.tui.panes.editor.settings_bar import SettingsLine

        line = SettingsLine()
        await self.mount(line)
        line.show(self.draft, known)
        self._settings = line
        self._fit_to_size()
        # The text has less room now, and its end must stay in sight.
        self.call_after_refresh(self._area.scroll_cursor_visible)

    def show(self, draft: Draft, known: Mapping[str, tuple[str, ...]]) -> None:
        """Put another draft into the editor, with the values its settings can step through."""
        self.show_settings(draft, known)
        from sora_tui.tui.panes.editor.prompt_area import shown

        area = self._area
        with self.prevent(area.Changed):
            area.load_text(shown(draft.text))
        self._shown = area.text
        area.move_cursor(area.document.end)
        self.mark_safe()

    def show_settings(self, draft: Draft, known: Mapping[str, tuple[str, ...]]) -> None:
        """Other settings for the text that stands here."""
        self._draft = draft
        self._line.show(draft, known)

    def rebase(self, draft: Draft) -> None:
        """The same text now belongs to the file of this draft, which says this draft's settings."""
        self._draft = replace(
            self.draft,
            file=draft.file,
            front=draft.front,
            opened=draft.opened,
            source=draft.source,
        )
        self._title()

    def set_values(self, values: Mapping[str, str]) -> None:
        """What was said for the variables."""
        self._draft = replace(self.draft, values=values)

    def show_reference(self, path: str | None, fit: Fit) -> None:
        """Another picture, or none, goes with the prompt."""
        self._draft = replace(self.draft, reference=path, fit=fit)
        self._changed()

    def show_characters(self, names: tuple[str, ...]) -> None:
        """These appear in the clip."""
        self._draft = replace(self.draft, characters=names)
        self._changed()

    def replace_text(self, text: str) -> None:
        """Put in what an editor brought back, as one step that ctrl+z undoes."""
        self._area.replace_all(text)

    def mark_safe(self) -> None:
        """What stands here is on the disk."""
        self._safe = True
        self._title()

    def mark_kept(self, draft: Draft) -> None:
        """What stands here is on the disk, in the file of this draft."""
        self.rebase(draft)
        self.mark_safe()

    def set_choices(self, known: Mapping[str, tuple[str, ...]]) -> None:
        """Other values that the settings can step through."""
        if self._settings is not None:
            self._settings.set_choices(known)

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Other parameters beyond the standard."""
        self._draft = replace(self.draft, params=params)
        self._line.show_params(len(params))
        self._changed()

    def focus_params(self) -> None:
        """Back to where the parameters were opened."""
        self._line.query_one("#params").focus()

    def show_facts(
        self,
        picture: Picture | None,
        price: Price | None,
        server: Server,
        note: str = "",
        *,
        urgent: bool = False,
    ) -> None:
        """What the order means on this server.

        Args:
            picture: The reference picture, if there is one.
            price: The price of one clip.
            server: The server that the clip would go to.
            note: A warning about it or the model; `urgent` where even a small screen shows it.
            urgent: Show the note even on a small screen.
        """
        self._facts = (picture, price, server, note, urgent)
        self._draw_facts()

    def say(self, text: str, *, error: bool = False, paid: bool = False) -> None:
        """Show a message above the settings until the next edit; empty takes it away.

        Args:
            text: The words to show.
            error: It is an error, and is shown as one.
            paid: It is about money.
        """
        if self._message is None and text:
            from sora_tui.tui.widgets.message import (
                MessageLine,  # nothing is said in the first frame
            )

            self._message = MessageLine()
            self.mount(self._message, after=0)
        if self._message is not None:
            self._message.say(text, error=error, paid=paid)

    def ask(self, question: Question, sent: str) -> None:
        """Put the question in place of the settings, with the text as it would be sent."""
        if not self.asking:
            self.add_class("-asking")
            if sent != self._area.text.strip():
                self._show_sent(sent)
            self._consent = ConsentLine(question)
            self.mount(self._consent)

    def ask_values(self, text: str, values: Mapping[str, str]) -> None:
        """Ask for the variables of `text`, with what is known of them, and show what they make."""
        from sora_tui.tui.panes.editor.variables_form import VariablesForm

        if not self.asking:
            self.add_class("-asking", "-sent")
            self._form = VariablesForm(text, values)
            self.mount(self._form)

    def submit_values(self) -> None:
        """Take the values as they stand in the form."""
        if self._form is not None:
            self._form.submit()

    def _show_sent(self, sent: str) -> None:
        from sora_tui.tui.state.text_lines import Line
        from sora_tui.tui.widgets.scroll_text import LongText

        self.add_class("-sent")
        text = LongText()
        # Below the text, as in the form before it: no line of it may jump.
        self.mount(text, Static(_("Above: as it is sent"), classes="sent-note"))
        text.show([Line(line) for line in clean(sent, 4 * MAX_PROMPT).split("\n")])

    # What stands here -------------------------------------------------------------------------

    @property
    def draft(self) -> Draft:
        """Text and settings as the person sees them."""
        assert self._draft is not None, "see wake"
        text = self._area.text
        if text == self._shown:
            text = self._draft.text
        draft = replace(self._draft, text=text)
        return draft if self._settings is None else self._settings.apply(draft)

    @property
    def opened(self) -> Draft | None:
        """The draft as it was opened, or kept last; None before the first one has come."""
        return self._draft

    @property
    def draft_or_none(self) -> Draft | None:
        """The same, None before the first one has come."""
        return None if self._draft is None else self.draft

    @property
    def count_is_valid(self) -> bool:
        """Whether the number of clips is one."""
        return self._settings is None or self._settings.count is not None

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """The keys that matter where the focus is."""
        if self.filling:
            return (
                ("enter", N_("Next")),
                ("generate", N_("Generate")),
                ("variables.back", N_("Back")),
            )
        if self.asking:
            asked = None if self._consent is None else self._consent.question
            agreed = (asked.yes[:1] if asked is not None else "") or yes_key()
            ways = (("a", N_("Always")),) if asked is not None and asked.may_always else ()
            return ((agreed, N_("Yes")), *ways, ("esc", N_("No")))
        generate = ("generate", N_("Generate"))
        if self.has_focus:
            return (generate, ("enter", N_("Write")), ("1-5", N_("Panes")))
        if self._settings is not None and self._settings.on_button:
            return (("settings.press", N_("Generate")), ("esc", N_("Back")))
        if self._settings is not None and self._settings.has_focus_within:
            return (("←→", N_("Change")), ("enter", N_("Go on")), ("esc", N_("Back")))
        return (generate,)

    @property
    def asking(self) -> bool:
        """Whether a question waits for its answer."""
        return self.has_class("-asking")

    @property
    def filling(self) -> bool:
        """Whether the question is for the values of variables."""
        return self._form is not None

    def focus_pane(self) -> None:
        """Go into the text, or to the question if there is one."""
        if self._form is not None:
            self._form.focus_first()
        elif self._consent is not None:
            self._consent.focus()
        else:
            self.query_one("#prompt" if self._text is None else "#text").focus()

    # What happens here ------------------------------------------------------------------------

    async def on_consent_line_answered(self, event: ConsentLine.Answered) -> None:
        """The person decided."""
        event.stop()
        if not self.asking:
            return
        await self._stop_asking()
        if event.left:
            self.leave_text()
        self.post_message(self.ConsentGiven(event.always) if event.yes else self.ConsentDeclined())

    async def on_variables_form_submitted(self, event: VariablesForm.Submitted) -> None:
        """Every variable has a value, or the person goes back."""
        from sora_tui.tui.panes.editor.variables_form import ValuesDeclined, ValuesGiven

        event.stop()
        await self._stop_asking()
        if not event.send:
            self.leave_text()
        answer = ValuesGiven if event.send else ValuesDeclined
        self.post_message(answer(event.values))

    async def _stop_asking(self) -> None:
        self.remove_class("-asking", "-sent")
        self._form = self._consent = None
        asked = "EditorPane > ConsentLine, EditorPane > LongText, .sent-note, #variables"
        await self.query(asked).remove()
        self.focus_pane()

    def on_settings_line_changed(self) -> None:
        """The person chose another value."""
        self._changed()

    def on_settings_line_left(self) -> None:
        """Escape leads to the commands from everywhere: no letter after it is written."""
        self.leave_text()

    def on_text_area_changed(self) -> None:
        """The person writes."""
        self._changed()

    def on_prompt_text_left(self) -> None:
        """Letters are commands from now on."""
        self.leave_text()

    def leave_text(self) -> None:
        """Take the focus, so that letters are commands and tab goes on here; a question stays."""
        if not self.asking and self._text is not None:
            self.can_focus = True
            self.focus()

    def on_blur(self) -> None:
        """Only escape leads here; tab passes by."""
        self.can_focus = False

    def on_key(self, event: events.Key) -> None:
        """Enter goes back into the text."""
        if self.has_focus and event.key in {"enter", "i"}:
            event.stop()
            self.focus_pane()

    def on_resize(self) -> None:
        """More room, more facts."""
        self._fit_to_size()

    @property
    def _area(self) -> PromptText:
        assert self._text is not None, "see wake"
        return self._text

    @property
    def _line(self) -> SettingsLine:
        assert self._settings is not None, "see bring_settings"
        return self._settings

    def _fit_to_size(self) -> None:
        width, height = self.content_size
        if self._settings is not None:
            self._settings.set_class(width >= _ROOMY.width and height >= _ROOMY.height, "-roomy")
        self._draw_facts()
        self._title()

    def _changed(self) -> None:
        self._safe = False
        self._title()
        self.post_message(self.DraftChanged())

    def _draw_facts(self) -> None:
        if self._facts is None or self._settings is None:
            return
        from sora_tui.tui.presenters.order import facts_block, facts_line, price_words

        picture, price, server, note, urgent = self._facts
        draft, line = self.draft, self._settings
        if line.has_class("-roomy"):
            facts = facts_block(draft, picture, price, server, note)
        else:
            warning = note if urgent else ""
            facts = facts_line(draft, picture, price, server, self.content_size.width, warning)
        line.show_facts(facts, price_words(price, server, draft.count))

    def _title(self) -> None:
        # A border has one title; the figures on its right end are part of it.
        file = None if self._draft is None else self._draft.file
        name = clean_line((file or _("new")).removeprefix("prompts/"), 60).removesuffix(".md")
        left, right = Content(f"3 {_('Prompt')} "), Content("")
        if self._text is not None:
            from sora_tui.tui.presenters.prompt_length import count_words

            left += f"{name} "
            safe = _("draft safe") if self._safe else _("draft")
            right = Content(" ") + count_words(self._text.text, self.size.width) + f"  {safe}"
        fill = max(self.size.width - 4 - left.cell_length - right.cell_length, 1)
        line = Content.styled("─" * fill, "$border-blurred")
        self.border_title = Content.assemble(left, line, right)

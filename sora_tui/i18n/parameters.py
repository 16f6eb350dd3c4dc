"""One line of help for each parameter that some server takes beyond the standard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sora_tui.core.parameters import ModelSchema, Parameter, typed
from sora_tui.core.text import clean_line
from sora_tui.i18n import N_, _

#: Name -> what it does. A test requires a line for every name of the tables.
HELP: Final[Mapping[str, str]] = {
    "negative_prompt": N_("what should not be seen"),
    "seed": N_("the same number makes the same clip again, on the same machine"),
    "num_inference_steps": N_("steps of denoising: more are slower and finer"),
    "guidance_scale": N_("how closely the prompt is followed (CFG)"),
    "guidance_scale_2": N_("the same for the second expert of Wan 2.2, low noise"),
    "boundary_ratio": N_("where Wan 2.2 goes from one expert to the other"),
    "true_cfg_scale": N_("guidance with a real negative pass, for distilled models"),
    "flow_shift": N_("shift of the scheduler: higher for larger pictures and for I2V"),
    "fps": N_("frames a second of the clip"),
    "num_frames": N_("frames in all, in place of seconds: 4n+1 for Wan, 8n+1 for LTX"),
    "aspect_ratio": N_("such as 16:9, for models that are asked by shape and not by pixels"),
    "short_edge": N_("pixels of the shorter side, with aspect_ratio"),
    "resolution": N_("such as 720p, for models that are asked by it and not by pixels"),
    "generate_sound": N_("make sound with the clip, where the model can"),
    "generate_audio": N_("make sound with the clip, where the model can"),
    "sound_duration": N_("seconds of sound; as long as the clip if missing"),
    "quality": N_("how much the server may trade quality for speed"),
    "num_outputs_per_prompt": N_("clips made in one job"),
    "enable_frame_interpolation": N_("make more frames between the frames (RIFE)"),
    "frame_interpolation_exp": N_("1 doubles the frames, 2 makes four of one"),
    "frame_interpolation_scale": N_("0.5 saves memory for large pictures"),
    "lora": N_('an adapter: {"name": …, "path": …, "scale": …}'),
    "extra_params": N_("fields of this one model, as an object"),
    "max_sequence_length": N_("tokens of the prompt that count"),
    "enable_teacache": N_("quicker by reusing steps, a little coarser"),
    "enhance_prompt": N_("let the server rewrite the prompt"),
    "enable_upscaling": N_("enlarge the clip after it is made"),
    "upscaling_scale": N_("how many times larger"),
    "output_compression": N_("0 to 100: smaller files, coarser pictures"),
    "provider": N_("which provider makes it, and how, as an object"),
}
_KINDS: Final[Mapping[str, str]] = {
    "text": N_("text"),
    "integer": N_("whole number"),
    "number": N_("number"),
    "switch": N_("yes or no"),
    "json": N_("JSON"),
}


def help_of(name: str) -> str:
    """Return the help for a parameter; for an unknown one, that it is not known."""
    return _(HELP[name]) if name in HELP else _("not known here; sent as it is")


def kind_words(kind: str) -> str:
    """Return the kind of value in words; anything else as it is."""
    return _(_KINDS[kind]) if kind in _KINDS else kind


def range_words(parameter: Parameter) -> str:
    """Return the values it takes: `1 … 200`, `lossless | high`, or its kind."""
    if parameter.choices:
        return " | ".join(parameter.choices)
    low, high = parameter.low, parameter.high
    if low is not None and high is not None:
        return f"{low:g} … {high:g}"
    if low is not None:
        return f"> {low:g}" if parameter.above else f"≥ {low:g}"
    return kind_words(parameter.kind)


def default_words(parameter: Parameter) -> str:
    """Return the value that counts where none is sent; a dash where it is not known."""
    if parameter.default is None:
        return "-"
    if isinstance(parameter.default, bool):
        return _("yes") if parameter.default else _("no")
    return typed(parameter.default)


def mistyped_words(schema: ModelSchema, params: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each parameter that is likely a known one mistyped.

    A name that some other server knows is none.
    """
    text = _(
        "The parameter {name} is not known on this server, and is sent as it is. Did you mean"
        " {near}?"
    )
    return [
        text.format(name=clean_line(name, 80), near=near)
        for name, near in schema.mistyped(params).items()
        if name not in HELP
    ]

"""Extracts pictures of a clip with PyAV: its first frame, and frames from all along it.

Only the decoder process decodes: a clip may be a stranger's, and a decoder is a large program in C.
PyAV and Pillow are imported inside the functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final, Literal

from sora_tui.core.problem import ProblemError, problem_error
from sora_tui.core.sniff import sniff
from sora_tui.media.clip_probe import read_clip

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.plane import VideoPlane
    from av.video.stream import VideoStream
    from PIL.Image import Image

#: Frames of a filmstrip.
FRAMES: Final = 12
#: The longer side of a poster and of a frame in a filmstrip, in pixels, at most.
POSTER_SIDE: Final = 640
FRAME_SIDE: Final = 320
#: Most tracks. A picture and a sound are two; some servers add a time code.
MAX_TRACKS: Final = 16
#: Most pixels of a frame. One of 8K has 33 megapixels.
MAX_PIXELS: Final = 36_000_000
#: Clips up to this many seconds are read from beginning to end; in longer ones key frames are
#: sought.
_IN_ONE_GO: Final = 30.0
#: The decoders that are allowed; any other would be more code that reads strangers' bytes.
_DECODERS: Final = ("h264", "hevc", "av1", "libdav1d", "vp9", "vp8", "mpeg4", "mjpeg")


def poster(file: BinaryIO) -> Image:
    """Return the first frame, RGB, upright, its longer side at most `POSTER_SIDE` pixels.

    Raises:
        ProblemError: clip_not_shown; its fact `reason` is one of `damaged`, `encrypted`,
            `no_decoder`, `too_large`, `too_many_tracks`, `unknown_codec`, or one of `read_mp4`.
    """
    with _opened(file) as (container, stream):
        frame = next(container.decode(stream), None)
        if frame is None:
            raise refused("damaged")
        return reduced(frame, POSTER_SIDE)


def filmstrip(file: BinaryIO, go_on: Callable[[], object]) -> list[Image]:
    """Return up to `FRAMES` frames evenly along the clip, each at most `FRAME_SIDE` pixels long.

    Of a clip that is cut off, the frames that can be decoded are returned, if there are any.

    Args:
        file: The clip, open for reading.
        go_on: Called between frames; an exception from it ends the work.

    Raises:
        ProblemError: As `poster`.
    """
    with _opened(file) as (container, stream):
        assert stream.time_base is not None, "every stream has one"
        seconds = float((stream.duration or 0) * stream.time_base)
        rate = float(stream.average_rate or 0)
        # The last frame begins before the clip ends.
        last = max(seconds - (1 / rate if rate > 0 else 0), 0.0)
        moments = [last * number / (FRAMES - 1) for number in range(FRAMES)]
        by_seeking = seconds > _IN_ONE_GO
        frames = (_sought if by_seeking else _in_order)(container, stream, moments)
        found: list[Image] = []
        try:
            for frame in frames:
                go_on()
                if frame is not None:
                    found.append(reduced(frame, FRAME_SIDE))
        except (OSError, ValueError):  # the way FFmpeg reports the end of what can be read
            if not found:
                raise
        if not found:
            raise refused("damaged")
        return found


def reduced(frame: VideoFrame, side: int) -> Image:
    """Return the frame as RGB, turned as it is displayed, its longer side at most `side` pixels."""
    scale = min(1.0, side / max(frame.width, frame.height))
    width, height = (max(1, round(length * scale)) for length in (frame.width, frame.height))
    small = frame.reformat(width, height, "rgb24", interpolation="AREA", threads=1)
    image = to_image(small.planes[0], "RGB")
    # A phone stores the picture of its sensor, and how it was held: a number of quarter turns.
    return image.rotate(frame.rotation, expand=True) if frame.rotation % 90 == 0 else image


def to_image(plane: VideoPlane, mode: Literal["L", "RGB"]) -> Image:
    """Return the pixels of one plane, without the padding at the end of its rows."""
    from PIL import Image as Pillow

    size = (plane.width, plane.height)
    return Pillow.frombytes(mode, size, bytes(plane), "raw", mode, plane.line_size)


def refused(reason: str) -> ProblemError:
    """Return the problem of a clip that cannot be shown."""
    return problem_error("clip_not_shown", reason=reason)


def _in_order(
    container: InputContainer, stream: VideoStream, moments: list[float]
) -> Iterator[VideoFrame | None]:
    """Yield the frames shown at these moments, None for each one between; decodes all in order."""
    wanted = iter(moments)
    moment = next(wanted)
    for frame in container.decode(stream):
        # Half a millisecond, because a time in the file is a whole number of ticks.
        if (frame.time or 0.0) + 0.0005 < moment:
            yield None
            continue
        yield frame
        following = next(wanted, None)
        if following is None:
            return
        moment = following


def _sought(
    container: InputContainer, stream: VideoStream, moments: list[float]
) -> Iterator[VideoFrame | None]:
    """Yield the key frames before these moments, for clips too long to decode in order."""
    assert stream.time_base is not None
    for moment in moments:
        container.seek(int(moment / stream.time_base), stream=stream)
        yield next(container.decode(stream), None)


@contextmanager
def _opened(file: BinaryIO) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a clip as the MP4 or AVI that it is, and as no other format that FFmpeg might detect."""
    try:
        import av
    except ImportError:
        raise refused("no_decoder") from None
    kind = _checked(file)
    options = {"protocol_whitelist": "", "codec_whitelist": ",".join(_DECODERS)}
    try:
        with av.open(
            file,
            "r",
            format=kind,
            container_options=options,
        ) as container:
            if not container.streams.video:
                raise refused("no_video")
            if len(container.streams) > MAX_TRACKS:
                raise refused("too_many_tracks")
            stream = container.streams.video[0]
            context = stream.codec_context
            # PyAV has none where FFmpeg knows no decoder.
            if context is None or context.codec.name not in _DECODERS:
                raise refused("unknown_codec")
            if context.width * context.height > MAX_PIXELS:
                raise refused("too_large")
            context.thread_count = 1  # two threads gain nothing and have hung (PyAV issue 1962)
            context.options = {"max_pixels": str(MAX_PIXELS)}
            yield container, stream
    except MemoryError:
        raise refused("too_large") from None
    except (av.error.FFmpegError, OSError, ValueError, ArithmeticError, LookupError) as error:
        raise refused("damaged") from error


def _checked(file: BinaryIO) -> str:
    """Return FFmpeg's name for the kind of clip, if its boxes say that it may be opened."""
    try:
        facts, _suffix = read_clip(file)
    except ProblemError as error:
        reason = error.problem.facts["reason"]
        if reason != "cut_off":  # the beginning of a clip that is cut off may be shown
            raise refused(str(reason)) from None
    else:
        if facts.codec == "encv":  # ISO/IEC 23001-7: FFmpeg would show noise
            raise refused("encrypted")
        if facts.tracks > MAX_TRACKS:
            raise refused("too_many_tracks")
        if facts.width * facts.height > MAX_PIXELS:
            raise refused("too_large")
    file.seek(0)
    kind = "avi" if sniff(file.read(16)) == "avi" else "mp4"
    file.seek(0)
    return kind

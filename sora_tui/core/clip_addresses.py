"""Where an answer says that a clip lies: the names that known servers and relays use, as data.

Relays wrap one another's answers, so a name counts wherever it stands: in the video object itself
and in any of `HOLDERS`, one inside the other. A name is compared without case, `_` and `-`.
Sources: videos-api, divergence 11; native-apis, section 0; new-api `metadata.url`; SGLang
`file_paths`, `num_outputs`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sora_tui.core.number import whole

#: Fields that are an address, or a list of addresses; the best first.
ADDRESSES: Final = (
    "no_watermark_url",
    "without_watermark_url",
    "watermark_free_url",
    "url",
    "video_url",
    "result_url",
    "download_url",
    "output_url",
    "content_url",
    "file_url",
    "clip_url",
    "media_url",
    "mp4_url",
    "asset_url",
    "resource_url",
    "signed_url",
    "presigned_url",
    "public_url",
    "cdn_url",
    "remote_url",
    "final_url",
    "final_video_url",
    "generated_video_url",
    "urls",
    "unsigned_urls",
    "signed_urls",
    "video_urls",
    "result_urls",
    "download_urls",
    "output_urls",
    "file_urls",
    "uri",
    "video_uri",
    "file_uri",
    "download_uri",
    "link",
    "links",
    "video_link",
    "download_link",
    "href",
    "response_url",
    "src",
    "video_src",
    "video_file",
    "video_path",
)
#: Fields that hold such fields: an object, or a list of objects or addresses, or an address itself.
HOLDERS: Final = (
    "video",
    "videos",
    "output",
    "outputs",
    "result",
    "results",
    "data",
    "content",
    "contents",
    "task",
    "task_result",
    "response",
    "metadata",
    "meta_data",
    "meta",
    "clip",
    "clips",
    "file",
    "files",
    "asset",
    "assets",
    "artifact",
    "artifacts",
    "media",
    "generation",
    "generations",
    "generated_video",
    "generated_videos",
    "generated_samples",
    "generate_video_response",
    "video_result",
    "video_results",
    "video_file",
    "video_files",
    "video_list",
    "video_output",
    "video_outputs",
    "result_list",
    "output_list",
    "file_list",
    "clip_list",
    "output_video",
    "output_videos",
    "result_video",
    "items",
    "creations",
    "works",
    "download",
    "payload",
    "info",
    "mp4",
)
#: Fields that count the clips of a job, and fields with one entry a clip.
_COUNTS: Final = ("num_outputs", "num_videos", "video_count", "n_outputs")
_ENTRIES: Final = ("file_paths", "output_paths")

#: Beginnings of a `type` or a media type that is not a clip's.
_OTHER_KINDS: Final = ("image", "audio", "text", "thumb", "cover", "poster", "sprite", "json")
_MAX_DEPTH: Final = 6
_MAX_FOUND: Final = 64
#: No server makes more clips than this for one request (SGLang: 10).
MAX_OUTPUTS: Final = 32
_LONGEST: Final = 8192
#: Some relays pass on what they got as text: JSON within JSON, in characters.
_LONGEST_JSON: Final = 256 * 1024
#: Patterns as text: compiling them at import would delay the first frame by half a millisecond.
_SCHEME: Final = r"(?i)[a-z][a-z0-9+.-]*:"
_NUMBERED: Final = r"(?s)(.*[a-z])(\d{1,3})"
_FILE: Final = r"(?i)\.(mp4|m4v|mov|webm|mkv|avi|gif)([?#]|$)"


class ClipAddress(NamedTuple):
    """One place where a clip may lie.

    Attributes:
        output: Which clip of the job, from 0.
        text: As the server wrote it: an http(s) address, or one relative to the server's; there may
            be blanks in it.
    """

    output: int
    text: str


def _folded(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


_ADDRESS_RANK: Final = {_folded(name): rank for rank, name in enumerate(ADDRESSES)}
_HOLDER_RANK: Final = {_folded(name): rank for rank, name in enumerate(HOLDERS)}


def clip_addresses(document: object) -> tuple[ClipAddress, ...]:
    """Return every address under a known name, the best first; none twice.

    A list of several entries has one entry a clip; an entry that calls itself a picture, a sound or
    a text is left out.
    """
    found: dict[str, ClipAddress] = {}
    for address in _in_value(document, 0, "", _MAX_DEPTH):
        found.setdefault(address.text, address)
        if len(found) >= _MAX_FOUND:
            break
    return tuple(sorted(found.values(), key=lambda address: address.output))


def output_count(document: Mapping[str, Any], addresses: Sequence[ClipAddress]) -> int:
    """Return how many clips a video object has, by its counts, lists of files and addresses."""
    counts = [_count(document.get(name)) for name in _COUNTS]
    lists = [document.get(name) for name in _ENTRIES]
    counts += [len(entries) for entries in lists if isinstance(entries, list)]
    if isinstance(inline := document.get("data"), list):  # clips inside the answer (Dynamo)
        counts.append(sum(isinstance(one, Mapping) and "b64_json" in one for one in inline))
    counts += [address.output + 1 for address in addresses]
    return min(max(counts), MAX_OUTPUTS) or 1


def strings_in(value: object) -> frozenset[str]:
    """Return every text in a request's parameters: an address that we sent is no clip of ours."""
    if isinstance(value, str):
        return frozenset({value})
    inner = value.values() if isinstance(value, Mapping) else value
    if isinstance(inner, str) or not hasattr(inner, "__iter__"):
        return frozenset()
    return frozenset().union(*map(strings_in, inner))


def _count(value: object) -> int:
    """Return a count of clips; 1 for a value that is no count."""
    return whole(value, 1) or 1


def _in_value(value: object, output: int, name: str, depth: int) -> Iterator[ClipAddress]:
    """Yield the addresses in a value; `name` is the folded name of the field that it stands in."""
    if isinstance(value, str):
        if (text := _address(value, name)) is not None:
            yield ClipAddress(output, text)
        elif depth and (inner := _json_in(value)) is not None:
            yield from _in_value(inner, output, name, depth - 1)
    elif depth and isinstance(value, Mapping) and (entries := _numbered_entries(value)):
        yield from _in_value(entries, output, name, depth)
    elif depth and isinstance(value, list):
        clips = [entry for entry in value[:_MAX_FOUND] if not _is_other_kind(entry)]
        for number, entry in enumerate(clips):
            yield from _in_value(entry, number if len(clips) > 1 else output, name, depth - 1)
    elif depth and isinstance(value, Mapping) and not _is_other_kind(value):
        fields = _known_fields(value)
        for rank in (_ADDRESS_RANK, _HOLDER_RANK):
            for folded in sorted(rank.keys() & fields.keys(), key=rank.__getitem__):
                entries = fields[folded]
                # `url_1` and `url_2` are a list, written in another way.
                inner = entries[0] if len(entries) == 1 else entries
                yield from _in_value(inner, output, folded, depth - 1)


def _known_fields(value: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return what stands under each known name, folded; `video_2` comes behind `video_1`."""
    fields: dict[str, list[tuple[int, Any]]] = {}
    for key, inner in value.items():
        folded = _folded(key) if isinstance(key, str) else ""
        number = 0
        is_known = folded in _ADDRESS_RANK or folded in _HOLDER_RANK
        if not is_known and (numbered := re.fullmatch(_NUMBERED, folded)):
            folded, number = numbered[1], int(numbered[2])
        if (folded in _ADDRESS_RANK or folded in _HOLDER_RANK) and inner is not None:
            fields.setdefault(folded, []).append((number, inner))
    return {
        folded: [inner for _, inner in sorted(entries, key=lambda entry: entry[0])]
        for folded, entries in fields.items()
    }


def _numbered_entries(value: Mapping[Any, Any]) -> list[Any]:
    """Return the entries of an object whose names are all numbers, in their order; else none."""
    if not value or not all(isinstance(k, str) and k.isdecimal() and len(k) < 4 for k in value):
        return []
    return [value[key] for key in sorted(value, key=int)]


def _json_in(text: str) -> object:
    """Return the JSON that a text is; None for any other text."""
    text = text.strip()
    if not text.startswith(("{", "[")) or len(text) > _LONGEST_JSON:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _address(value: str, name: str) -> str | None:
    text = value.strip()
    if not 0 < len(text) <= _LONGEST or not text.isprintable() or "\\" in text:
        return None
    if " " in text and (name not in _ADDRESS_RANK or not _is_one(text)):
        return None
    if text.lower().startswith(("http://", "https://")):
        return text
    if re.match(_SCHEME, text):
        return None  # file:, data:, gs:, s3:
    if text.startswith("/"):
        return text
    # Without a slash in front only a field that is an address: `output` may be any word.
    is_path = text.startswith(("./", "../")) or "/" in text or re.search(_FILE, text) is not None
    return text if name in _ADDRESS_RANK and is_path else None


def _is_one(text: str) -> bool:
    """Return whether a text with blanks is one address, whose server forgot to encode them."""
    return text.count("://") <= 1 and re.search(_FILE, text) is not None


def _is_other_kind(entry: object) -> bool:
    """Return whether an entry says of itself that it is a picture, a sound or a text."""
    if not isinstance(entry, Mapping):
        return False
    for name in ("content_type", "contentType", "mime_type", "mimeType", "media_type", "type"):
        kind = entry.get(name)
        if isinstance(kind, str) and kind:
            # `image_to_video` names a task that makes clips.
            return kind.lower().startswith(_OTHER_KINDS) and "video" not in kind.lower()
    return False

"""Refusals of content: how they are recognized, and a fingerprint by which they are remembered.

A refusal is judged by its code first. Its words count only as a whole sentence about content: a
firewall blocks requests too, a rate limit is violated too, and a parameter may be called
`moderation`.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from sora_tui.core.digest import sha256_of
from sora_tui.core.request import VideoRequest

#: Codes that say it all, even in the middle of a text; case and separators do not count.
_CODES: Final = (
    "sentinel_block",  # OpenAI, before generation (videos-api 1.6)
    "moderation_blocked",  # OpenAI, while it generates
    "content_policy_violation",  # OpenAI, Azure
    "responsible_ai_policy_violation",  # Azure, the inner error
    "ContentPolicyViolationError",  # LiteLLM, the name of its exception
    "sensitive_words_detected",  # new-api, its own list of words
    "prompt_blocked",  # new-api
    "input_text_sensitive_content_detected",  # Volcengine, behind LiteLLM and new-api
    "input_image_sensitive_content_detected",
    "output_video_sensitive_content_detected",
    "data_inspection_failed",  # Alibaba's Wan
    "prohibited_content",  # Gemini
)
#: Families of codes, for codes that are not in the list. Each is a run of whole words.
_FAMILIES: Final = (
    r"(?:^|_)(?:"
    r"moderation|moderated|content_policy|content_safety|content_violation|content_filter"
    r"|content_filtered|sensitive_content|sensitive_words|safety_(?:block|blocked|violation)"
    r"|safety_(?:system|filter|policy|input|output|check_failed)|prohibited_content|nsfw"
    r"|rai_media_filtered|usage_policy_violation"
    r")(?:_|$)"
)
#: With one of these a code is about the moderation itself: a parameter of it, or its absence.
_NOT_OF_CONTENT: Final = (
    r"(?:^|_)(?:invalid|unknown|unsupported|missing|required|parameter|param|field|level|setting"
    r"|timeout|timed_out|unavailable|unreachable|disabled|overloaded|rate_limit|quota|not_found"
    r"|supported|internal)(?:_|$)"
)

_CONTENT: Final = (
    r"(?:content|prompt|request|input|output|text|image|picture|photo|video|clip|message|audio"
    r"|reference|generation|result)s?"
)
#: Policies about content. `policy` alone is none: there are retry, CORS, billing and access ones.
_POLICY: Final = (
    r"(?:(?:content|usage|safety|moderation|responsible[ -]ai|acceptable[ -]use|guardrail)"
    r"(?:[ _-](?:usage|use|safety|moderation|management))?[ _-]"
    r"(?:polic(?:y|ies)|guidelines?|rules?|practices|standards)"
    r"|our (?:polic(?:y|ies)|guidelines|guardrails|community standards))"
)
_SYSTEM: Final = (
    r"(?:moderation|(?:content|safety|content[ -]safety)[ _-]?(?:filter(?:s|ing)?|system|checker)"
    r"|nsfw[ _-](?:filter|checker))"
)
_REFUSED: Final = r"(?:blocked|rejected|refused|denied|flagged|filtered|stopped|declined|removed)"
#: A few other words may stand between the parts of a sentence.
_NEAR: Final = r"(?:\W{1,6}\w+){0,8}?\W{1,6}"

#: Sentences that refuse content. They are compiled when the first refusal comes, so that the first
#: frame of the screen does not wait for them; `re` keeps them.
_SENTENCES: Final = (
    rf"\b{_REFUSED}{_NEAR}{_POLICY}\b",
    rf"\b{_REFUSED}{_NEAR}{_SYSTEM}\b",
    rf"\b(?:violat\w+|against|breach\w*|contravenes?){_NEAR}{_POLICY}\b",
    rf"\b{_POLICY}{_NEAR}(?:violations?|violated)\b",
    rf"\b{_SYSTEM}{_NEAR}(?:{_REFUSED}|said no|triggered)\b",
    rf"\b(?:not|n't|to) pass{_NEAR}(?:{_SYSTEM}|safety (?:check|review))\b",
    rf"\b{_CONTENT}{_NEAR}failed{_NEAR}(?:{_SYSTEM}|safety (?:check|review))\b",
    rf"\b{_CONTENT} (?:was|were|has been|have been|is|are) (?:flagged|moderated)"
    r"(?: for (?!manual|review|suspicious|fraud|spam|abuse|too)| as (?:nsfw|unsafe|sensitive"
    r"|inappropriate|harmful)|[.,!]|$)",
    r"\b(?:content|prompt|response|output)s? (?:was|were) filtered\b",
    rf"\b{_CONTENT}{_NEAR}(?:contains?|containing|included?s?){_NEAR}"
    r"(?:sensitive|inappropriate|prohibited|unsafe|nsfw|explicit|harmful)"
    r" (?:words?|content|information|material|terms?|imagery)\b",
    r"\b(?:sensitive|prohibited) (?:words?|content)(?: (?:was|were))? detected\b",
    r"\bsomething didn.t look right with your request\b",  # OpenAI, with the code lost on the way
    r"(?:敏感词|敏感内容|敏感信息|内容违规|违规内容|审核未通过|审核不通过|未通过审核|不当内容)",
)
#: A sentence about the moderation rather than by it, or about an account rather than a prompt.
_ABOUT_IT: Final = (
    r"\b(?:parameter|param|field|option|argument|value|property|header)s?\b"
    rf"{_NEAR}(?:moderation|content[ _-]filter|safety)"
    r"|\b(?:moderation|content[ _-]filter|safety)\w*"
    rf"{_NEAR}(?:parameter|param|field|option|argument|endpoint|api|must be|timed out|unavailable"
    r"|unreachable|not supported|unsupported|is required|expected|overloaded|rate limit)\b"
    r"|\b(?:accounts?|organi[sz]ation|project|api key|subscription)\b"
    rf"{_NEAR}(?:suspended|deactivated|disabled|terminated|banned|restricted|blocked)\b"
)


def is_moderation(code: str | None, message: str) -> bool:
    """Return whether a refusal is about content: by its code first, by clear words only.

    Args:
        code: The server's own code, or the type where it gives none.
        message: The server's words; another server's answer may be wrapped in them.
    """
    if _is_code(_folded(code or "")):
        return True
    if any(_folded(name) in _KNOWN for name in _NAME.findall(message)):
        return True
    return any(
        re.search(sentence, part, re.I) and not re.search(_ABOUT_IT, part, re.I)
        for part in _PARTS.split(message)
        for sentence in _SENTENCES
    )


def fingerprint(request: VideoRequest) -> str:
    """Return the hash of what a server judges in a request, as 32 hexadecimal digits.

    Letter case, spacing and Unicode form of the prompt make no difference; model, picture and the
    video it starts from do: a stricter model refuses what another one takes. Length and size do
    not.
    """
    reference = request.reference
    judged = (
        request.operation,
        request.model or "",
        " ".join(unicodedata.normalize("NFKC", request.prompt).casefold().split()),
        reference.sha256 if reference else "",
        request.source_video or (request.source_file.sha256 if request.source_file else ""),
        *(character.id for character in request.characters),
    )
    return sha256_of("\0".join(judged).encode("utf-8", "surrogatepass"))[:32]


#: Names with a separator or an inner capital: the form of a code in the middle of a text.
_NAME: Final = re.compile(r"\b[A-Za-z]+(?:[_-][A-Za-z]+)+\b|\b(?:[A-Z]+[a-z]+){2,}\b")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
#: Splits a message into sentences: a word of one sentence does not explain another.
_PARTS: Final = re.compile(r"(?<=[.!?。!])\s+|[\n;。]+")


def _folded(code: str) -> str:
    """Return a code in lower case with underscores: `content_policy_violation`."""
    return re.sub(r"[^a-z0-9]+", "_", _HUMP.sub("_", code).lower()).strip("_")


_KNOWN: Final = frozenset(_folded(code) for code in _CODES)


def _is_code(word: str) -> bool:
    return word in _KNOWN or bool(
        re.search(_FAMILIES, word) and not re.search(_NOT_OF_CONTENT, word)
    )

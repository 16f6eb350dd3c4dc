"""The servers that the simulator can be, a file for each with its differences from OpenAI.

A new one is a file here, a row in the table, and its word in `cli/commands/simulate.py`, which may
not import this package; a test compares the two tables.

The facts were read from the servers' sources, measured on running ones, or taken from their
documentation, in November 2026: LiteLLM 1.106.2, 1.108.7 and 1.109.1, vLLM-Omni 0.30.0, SGLang
0.5.23, Aquiles-Image 0.8.3, TensorRT-LLM 0509ccc, new-api 05393ff. The wordings of refusals of
Azure and OpenRouter are guesses, since only the vendors know them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sora_tui.simulator.dialect import Dialect
from sora_tui.simulator.dialects.aquiles import AQUILES
from sora_tui.simulator.dialects.azure import AZURE
from sora_tui.simulator.dialects.litellm import LITELLM, LITELLM_1_109
from sora_tui.simulator.dialects.new_api import NEW_API
from sora_tui.simulator.dialects.openai import OPENAI
from sora_tui.simulator.dialects.openrouter import OPENROUTER
from sora_tui.simulator.dialects.sglang import SGLANG, SGLANG_CLOUD
from sora_tui.simulator.dialects.trt_llm import TRT_LLM
from sora_tui.simulator.dialects.vllm_omni import VLLM_OMNI

#: By the value of `--dialect`.
DIALECTS: Final[Mapping[str, Dialect]] = {
    "openai": OPENAI,
    "litellm": LITELLM,
    "litellm-1.109": LITELLM_1_109,
    "vllm-omni": VLLM_OMNI,
    "sglang": SGLANG,
    "sglang-cloud": SGLANG_CLOUD,
    "aquiles": AQUILES,
    "trt-llm": TRT_LLM,
    "new-api": NEW_API,
    "azure": AZURE,
    "openrouter": OPENROUTER,
}

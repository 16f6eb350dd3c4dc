"""`sora-tui keys`."""

from __future__ import annotations

from tests.support.shell import Shell


def test_every_key_has_a_line(shell: Shell) -> None:
    ran = shell.inside("keys")
    assert ran.code == 0
    assert "everywhere\n" in ran.out
    assert "  jobs.cancel " in ran.out
    ran = shell.inside("keys", "--json")
    first = ran.documents[0]
    assert first == {"id": "generate", "place": "everywhere", "keys": ["f5", "ctrl+r", "alt+enter"]}


def test_invalid_keys_end_with_exit_code_2(shell: Shell) -> None:
    (shell.workspace / "sora-tui.toml").write_text('[keys]\nzoom = "q"\nzom = "m"\n')
    ran = shell.inside("keys")
    assert ran.code == 2
    assert ["zoom", "q"] in [line.split()[:2] for line in ran.out.splitlines()]
    assert 'nothing is called "zom"' in ran.err
    assert "q is zoom and leave_plain; only the first of them will act" in ran.err

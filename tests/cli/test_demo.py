"""`backhand demo`: what it shows, and that it can fail."""

import subprocess
import sys

RUN = "from backhand.cli import demo; {changes}; demo.demo()"


def demo(changes: str = "") -> subprocess.CompletedProcess[str]:
    """Play the demo, changed by a statement first."""
    program = RUN.format(changes=changes or "pass")
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False
    )


def test_the_demo_ends_as_specified() -> None:
    """Every documented case, the refused eleventh call, the kill, and an audit without residual."""
    done = demo()
    assert (0, "") == (done.returncode, done.stderr)
    for words in (
        "long 17, short 3", "short 20", "COIN-FUTURES", "USDC-FUTURES", "10 reversals in one second",
        "DDoSProtection", "with SIGKILL", "residual 0", "Every end state is the specified one.",
    ):  # fmt: skip
        assert words in done.stdout, words
    assert "residual" not in done.stdout.replace("residual 0\n", "")


def test_the_demo_fails_when_an_end_state_is_another() -> None:
    """The canary: one case that expects another position, and the command says so and ends with 1."""
    done = demo("demo.CASES = (demo.CASES[0]._replace(after={}), *demo.CASES[1:3])")
    assert 1 == done.returncode
    assert "not as specified: hedge, part of a long: after" in done.stdout
    assert "Every end state is the specified one." not in done.stdout

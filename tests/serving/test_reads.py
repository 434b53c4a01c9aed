from typing import get_args

from backhand.wire.endpoints import Read
from tests.serving.stage import Stage, on_stage


def test_every_question_has_its_answer() -> None:
    """Whatever a client may ask by the declarations is answered by exactly one method."""

    async def play(stage: Stage) -> None:
        assert set(get_args(Read)) == set(stage.reads.methods)

    on_stage(play)

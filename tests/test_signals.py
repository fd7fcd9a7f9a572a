"""Which tone is played when: few enough that each one means something."""

import pytest

from voice.audio import tones
from voice.signals import APART_S, THINKING_S, Signals, Tones


class Played:
    def __init__(self, which: Tones = "all") -> None:
        self.names: list[str] = []
        self.signals = Signals(self.names.append, which)


def test_a_long_thought_is_told_once_and_a_quick_answer_not_at_all() -> None:
    played = Played()
    played.signals.awaited(10.0)
    played.signals.tick(10.0 + THINKING_S - 0.01)
    assert played.names == []
    played.signals.tick(10.0 + THINKING_S)
    played.signals.tick(60.0)
    played.signals.awaited(10.0)  # the next sentence of the same answer
    played.signals.tick(61.0)
    assert played.names == ["heard"]
    played.signals.awaited(70.0)
    played.signals.answered()
    played.signals.tick(80.0)
    assert played.names == ["heard"]


def test_noise_that_is_not_understood_is_not_complained_about_all_the_time() -> None:
    played = Played()
    for tenth in range(round(APART_S * 10) * 2):
        played.signals.not_understood(tenth / 10)
    assert played.names == ["not_understood"] * 2


def test_a_microphone_that_comes_and_goes() -> None:
    played = Played()
    signals = played.signals
    signals.device("microphone", None, "open")
    signals.device("speaker", "open", "lost")
    signals.device("speaker", "lost", "open")
    assert played.names == []
    signals.device("microphone", "open", "lost")
    signals.device("microphone", "lost", "open")
    signals.device("microphone", "open", "silent")
    signals.device("microphone", "silent", "open")
    assert played.names == ["microphone_lost", "microphone_back"] * 2
    signals.device("microphone", "open", "open")  # another device, taken over without a gap
    assert len(played.names) == 4


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ("all", {"heard", "not_understood", "microphone_lost", "speech_lost"}),
        ("alarms", {"microphone_lost", "speech_lost"}),
        ("off", set()),
    ],
)
def test_the_profile_chooses(which: Tones, expected: set[str]) -> None:
    played = Played(which)
    played.signals.awaited(0.0)
    played.signals.tick(9.0)
    played.signals.not_understood(9.0)
    played.signals.device("microphone", "open", "lost")
    played.signals.voice_lost()
    assert set(played.names) == expected
    assert expected <= set(tones.NAMES)

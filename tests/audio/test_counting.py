"""Counting aloud in the mixer: words on the samples of their beats, one voice at a time."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.mixing import BLOCK, RATE, Bench, ramp_speech, struck
from voice.audio.beats import Sets
from voice.audio.count_track import Count, trimmed

BEATS, PAUSE_S, BEAT = 5, 3.0, RATE // 2
SET = (BEATS - 1) * BEAT + round(PAUSE_S * RATE)
LOUD = 0.25
"""Level of an utterance; no word of the count has it."""
CLEAR = round(0.68 * RATE)
"""How much of the announcement is heard without anything else, a fade at each end aside."""


def word(level: float, seconds: float) -> np.ndarray:
    return np.full(round(seconds * RATE), level, np.float32)


COUNT = Count(
    Sets(BEATS, PAUSE_S),
    {n: word(n / 1000, 0.3) for n in range(1, BEATS + 1)},
    breaths=word(0.1, 0.7),
    again=word(0.2, 0.6),
)


def utterance(seconds: float) -> np.ndarray:
    return np.full(round(seconds * RATE), round(LOUD * 32768), np.int16)


def begins(voice: np.ndarray, level: float) -> list[int]:
    """The samples at which a word of this level begins."""
    at_level = np.concatenate([[False], np.isclose(voice, level, atol=1e-5)])
    return np.flatnonzero(~at_level[:-1] & at_level[1:]).tolist()


def test_every_word_begins_on_its_sample() -> None:
    bench = Bench()
    bench.run(7)
    bench.mixer.beat(True, 120.0, COUNT)
    bench.run(1400)
    first = 7 * BLOCK
    voice = bench.sound("voice")
    beats = [first + s * SET + k * BEAT for s in range(3) for k in range(BEATS)]
    assert struck(bench.sound("beat")) == [beat for beat in beats if beat < len(voice)]
    for n in range(1, BEATS + 1):
        assert begins(voice, n / 1000) == [first + s * SET + (n - 1) * BEAT for s in range(3)]
    assert begins(voice, 0.1) == [first + s * SET + BEATS * BEAT for s in range(3)]
    assert begins(voice, 0.2) == [first + s * SET - 2 * BEAT for s in (1, 2)]
    assert bench.mixer.faults == 0


def test_a_pause_is_reported_like_any_end_of_the_beat() -> None:
    bench = Bench()
    bench.mixer.beat(True, 120.0, COUNT)
    bench.run(620)
    bench.mixer.beat(False)
    bench.run(10)
    assert [(type(e).__name__, round(e.t, 1)) for e in bench.events] == [
        ("SoundStarted", 0.0),
        ("SoundEnded", 2.0),
        ("SoundStarted", 5.0),
        ("SoundEnded", 6.0),
    ]
    assert [getattr(e, "reason", None) for e in bench.events[1::2]] == ["finished", "stopped"]


def test_counting_begins_after_what_is_being_said() -> None:
    bench = Bench()
    bench.mixer.begin_voice(1)
    bench.mixer.beat(True, 120.0, COUNT)
    bench.run(30)
    bench.mixer.feed_voice(1, utterance(1.4), RATE)
    bench.mixer.end_voice(1)
    bench.run(300)
    assert begins(bench.sound("voice"), 0.001) == [4 * BEAT]


def test_numbers_give_way_to_words_and_are_not_made_up_for() -> None:
    bench = Bench()
    bench.mixer.beat(True, 120.0, COUNT)
    bench.run(60)
    bench.say(1, utterance(0.9))
    bench.run(200)
    voice = bench.sound("voice")
    assert begins(voice, 0.002) == [BEAT]
    assert begins(voice, 0.003) == []
    assert begins(voice, 0.004) == [3 * BEAT]
    assert np.abs(voice[61 * BLOCK : 150 * BLOCK] - LOUD).max() < 1e-4


def test_an_announcement_is_made_inside_an_utterance_and_costs_it_no_sample() -> None:
    bench = Bench()
    bench.mixer.beat(True, 120.0, COUNT)
    bench.run(240)
    speech = ramp_speech(32_000)
    bench.say(1, speech)
    bench.run(400)
    voice = bench.sound("voice")
    begun, over = BEATS * BEAT, BEATS * BEAT + len(COUNT.breaths)
    assert np.array_equal(voice[begun + BLOCK : over], COUNT.breaths[BLOCK:])
    voice[begun:over] -= COUNT.breaths
    rest = np.concatenate([voice[240 * BLOCK : begun + BLOCK], voice[over:]])[: len(speech)]
    faded = np.abs(rest - speech / 32768) > 1e-4
    assert 0 < faded.sum() <= 2 * BLOCK


def test_an_announcement_is_made_while_somebody_speaks_and_numbers_are_not() -> None:
    bench = Bench()
    bench.mixer.beat(True, 120.0, COUNT)
    bench.mixer.pause_voice()
    bench.run(500)
    voice = bench.sound("voice")
    assert begins(voice, 0.1) == [BEATS * BEAT]
    assert all(begins(voice, n / 1000) == [] for n in range(1, BEATS + 1))


def test_stopping_an_utterance_under_an_announcement_brings_nothing_back() -> None:
    bench = Bench()
    bench.mixer.beat(True, 120.0, COUNT)
    bench.run(220)
    bench.say(1, utterance(4.0))
    bench.run(60)
    bench.mixer.stop_voice("interrupted")
    bench.say(2, ramp_speech(BLOCK))
    bench.run(200)
    voice = bench.sound("voice")
    begun = BEATS * BEAT + len(COUNT.breaths)
    assert begins(voice[begun:], LOUD) == []
    assert np.abs(voice[begun:]).any()


def test_no_utterance_begins_under_a_signal() -> None:
    bench = Bench()
    bench.mixer.tone("stand_clear")
    bench.say(1, utterance(1.0))
    bench.run(150)
    both = (bench.sound("voice") != 0) & (bench.sound("tone") != 0)
    assert not both.any()
    assert bench.sound("voice").any()


sounds = st.one_of(
    st.tuples(st.just("say"), st.floats(0.01, 6)),
    st.tuples(st.just("tone"), st.just("stand_clear")),
    st.sampled_from([("stop",), ("pause",), ("resume",)]),
    st.tuples(st.just("rate"), st.sampled_from([100.0, 110.0, 120.0])),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(sounds, st.integers(0, 120)), max_size=12))
def test_beats_stay_on_their_grid_and_no_pause_is_silent(script) -> None:
    bench = Bench()
    bench.mixer.beat(True, 110.0, COUNT)
    retimed = False
    for number, ((name, *rest), blocks) in enumerate(script):
        if name == "say":
            bench.say(number, utterance(rest[0]))
        elif name == "rate":
            retimed = True
            bench.mixer.beat(True, rest[0], COUNT)
        elif name == "tone":
            bench.mixer.tone(rest[0])
        else:
            getattr(bench.mixer, f"{name}_voice")()
        bench.run(blocks)
    bench.run(400)
    assert bench.mixer.faults == 0
    beats, voice = struck(bench.sound("beat")), bench.sound("voice")
    gaps = np.diff(beats)
    pauses = gaps == round(PAUSE_S * RATE)
    if not retimed:
        beat = 60 * RATE / 110
        assert (np.abs(gaps[~pauses] - beat) <= 1).all()
    assert (gaps[~pauses] / RATE <= 0.601).all()
    assert (np.diff(np.flatnonzero(pauses)) == BEATS).all()
    heard = np.cumsum(np.isclose(voice, 0.1, atol=1e-5))
    alone = heard[CLEAR:] - heard[:-CLEAR] == CLEAR
    for last in np.asarray(beats[:-1])[pauses]:
        assert alone[last : last + round(0.62 * RATE)].any()


def test_a_word_is_trimmed_to_what_can_be_heard() -> None:
    sound = np.concatenate([word(0.001, 0.1), word(0.5, 0.2), word(0.0, 0.1)])
    assert np.array_equal(trimmed(sound), word(0.5, 0.2))
    assert len(trimmed(word(0.0, 0.1))) == 0

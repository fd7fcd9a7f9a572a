"""The mixer's promises: beats at their samples, nothing above full scale, no speech lost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.mixing import BLOCK, RATE, Bench, ramp_speech, struck
from voice.audio import tones
from voice.audio.interface import SoundEnded, SoundStarted
from voice.audio.metronome import click
from voice.audio.mixer import DUCK_DB, Mixer
from voice.errors import UserError

commands = st.one_of(
    st.tuples(st.just("say"), st.integers(1, 40_000)),
    st.tuples(st.just("open"), st.integers(0, 20_000)),
    st.sampled_from([("stop",), ("interrupt",), ("pause",), ("resume",), ("end",), ("feed",)]),
    st.tuples(st.just("tone"), st.sampled_from(tones.NAMES)),
    st.tuples(st.just("gain"), st.floats(-60, 60)),
)
scripts = st.lists(st.tuples(commands, st.integers(0, 30)), max_size=25)


def play(bench: Bench, script) -> None:
    """Carry out commands, each followed by a number of blocks."""
    last = 0
    for (name, *rest), blocks in script:
        mixer = bench.mixer
        if name in ("say", "open"):
            last += 1
            noise = np.random.default_rng(last).integers(-32768, 32767, rest[0], dtype=np.int16)
            bench.say(last, noise, complete=name == "say")
        elif name == "feed":
            mixer.feed_voice(last, ramp_speech(3000), bench.rate)
        elif name == "end":
            mixer.end_voice(last)
        elif name in ("tone", "gain"):
            getattr(mixer, name)(*rest)
        elif name == "interrupt":
            mixer.stop_voice("interrupted")
        else:
            getattr(mixer, f"{name}_voice")()
        bench.run(blocks)


@settings(max_examples=40, deadline=None)
@given(scripts, st.floats(100, 120), st.integers(0, 50))
def test_every_beat_falls_on_its_sample_whatever_else_sounds(script, rate, before):
    bench = Bench()
    bench.run(before)
    bench.mixer.beat(True, rate)
    play(bench, script)
    bench.run(150)
    first = before * BLOCK
    expected = []
    while (sample := first + round(len(expected) * 60 * RATE / rate)) < bench.blocks * BLOCK - 3:
        expected.append(sample)
    assert struck(bench.sound("beat")) == expected
    assert bench.mixer.faults == 0


@settings(max_examples=60, deadline=None)
@given(scripts)
def test_output_stays_inside_full_scale_and_finite(script):
    bench = Bench()
    bench.mixer.gain(18)
    bench.mixer.beat(True, 120)
    play(bench, script)
    bench.run(5)
    assert np.isfinite(bench.sound()).all()
    assert np.abs(bench.sound()).max() <= 1.0
    assert bench.mixer.faults == 0


@settings(max_examples=80, deadline=None)
@given(scripts)
def test_every_utterance_ends_once_and_events_come_in_order(script):
    bench = Bench()
    play(bench, script)
    bench.mixer.resume_voice()
    for utterance in range(1, 30):
        bench.mixer.end_voice(utterance)
    for _ in range(300):
        if bench.mixer.idle:
            break
        bench.run(10)
    assert bench.mixer.idle
    begun = sum(1 for (name, *_), _ in script if name in ("say", "open"))
    ended = [e.utterance for e in bench.events if isinstance(e, SoundEnded) and e.source == "voice"]
    assert sorted(ended) == list(range(1, begun + 1))
    open_sounds: set = set()
    for event in bench.events:
        key = (event.source, event.utterance)
        if isinstance(event, SoundStarted):
            assert key not in open_sounds
            open_sounds.add(key)
        else:
            assert key in open_sounds or event.played_s == 0
            open_sounds.discard(key)
    assert not open_sounds


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=12), st.integers(500, 29_000))
def test_pauses_lose_no_sample_of_speech(gaps, length):
    def paused_now_and_then(samples: np.ndarray) -> Bench:
        bench = Bench()
        bench.say(1, samples)
        for number, blocks in enumerate(gaps):
            bench.run(blocks)
            if number % 2:
                bench.mixer.resume_voice()
            else:
                bench.mixer.pause_voice()
        bench.run(3)
        bench.mixer.resume_voice()
        bench.run(length // BLOCK + 40)
        return bench

    speech = ramp_speech(length)
    gains = paused_now_and_then(np.full(length, 16_384, np.int16)).sound("voice") * 2
    bench = paused_now_and_then(speech)
    audible = gains > 0.15
    heard = np.rint(bench.sound("voice")[audible] / gains[audible] * 32768).astype(int)
    assert set(heard.tolist()) == set(speech.tolist())
    assert bench.events[-1].reason == "finished"
    assert bench.events[-1].played_s == pytest.approx(length / RATE)


def test_speech_in_pieces_is_played_without_a_seam():
    bench = Bench()
    speech = ramp_speech(10_000)
    bench.mixer.begin_voice(7)
    for start in range(0, 10_000, 777):
        bench.mixer.feed_voice(7, speech[start : start + 777], RATE)
    bench.mixer.end_voice(7)
    bench.run(30)
    assert np.array_equal(np.rint(bench.sound("voice")[:10_000] * 32768), speech)


def test_an_underrun_between_sentences_does_not_end_the_utterance():
    bench = Bench()
    bench.say(1, ramp_speech(960), complete=False)
    bench.run(20)
    assert [type(e) for e in bench.events] == [SoundStarted]
    bench.mixer.feed_voice(1, ramp_speech(960), RATE)
    bench.mixer.end_voice(1)
    bench.run(5)
    assert bench.events[-1].reason == "finished"
    assert bench.events[-1].played_s == pytest.approx(0.04)
    assert bench.events[-1].t == pytest.approx(0.22, abs=0.001)


def test_events_carry_the_time_at_which_the_device_played_the_sample():
    bench = Bench()
    bench.run(3, consume=False)
    bench.say(1, ramp_speech(700))
    bench.run(4, consume=False)
    assert not bench.events
    bench.mixer.consumed(3, 5.0)
    assert not bench.events
    bench.mixer.consumed(4, 5.010)
    bench.mixer.consumed(7, 5.040)
    assert [type(e) for e in bench.events] == [SoundStarted, SoundEnded]
    assert bench.events[0].t == pytest.approx(5.0)
    assert bench.events[1].t == pytest.approx(5.0 + 699 / RATE)


def test_stop_is_silent_within_twenty_milliseconds_and_says_what_was_heard():
    bench = Bench()
    bench.say(1, ramp_speech(48_000))
    bench.say(2, ramp_speech(48_000))
    bench.run(30)
    bench.mixer.stop_voice("interrupted")
    bench.run(10)
    voice = bench.sound("voice")
    assert np.abs(np.diff(voice[29 * BLOCK :])).max() < 0.05
    assert not voice[32 * BLOCK :].any()
    ended = {e.utterance: e for e in bench.events if isinstance(e, SoundEnded)}
    assert ended[1].played_s == pytest.approx(0.32, abs=0.011)
    assert ended[2].played_s == 0
    assert {e.reason for e in ended.values()} == {"interrupted"}
    bench.mixer.feed_voice(1, ramp_speech(4800), RATE)
    bench.run(10)
    assert not bench.sound("voice")[32 * BLOCK :].any()


def test_a_new_utterance_after_a_stop_begins_at_full_level():
    bench = Bench()
    bench.say(1, ramp_speech(48_000))
    bench.run(5)
    bench.mixer.stop_voice()
    bench.say(2, np.full(4800, 16_384, np.int16))
    bench.run(14)
    voice = bench.sound("voice")
    onset = np.flatnonzero(voice[7 * BLOCK :] == 0.5)
    assert len(onset) == 4800


def test_the_voice_ducks_the_beat_and_lets_it_go_again():
    bench = Bench()
    bench.mixer.beat(True, 120)
    bench.run(60)
    bench.say(1, np.full(RATE, 3000, np.int16))
    bench.run(160)
    beat = bench.sound("beat")
    peaks = [np.abs(beat[k * 24_000 : k * 24_000 + 1440]).max() for k in range(5)]
    ducked = peaks[0] * 10 ** (DUCK_DB / 20)
    assert peaks == pytest.approx([peaks[0], peaks[0], ducked, ducked, peaks[0]], rel=0.01)


@settings(max_examples=60, deadline=None)
@given(st.floats(100, 120), st.floats(100, 120), st.integers(1, 400))
def test_a_new_rate_takes_over_without_a_jump(old, new, blocks):
    bench = Bench()
    bench.mixer.beat(True, old)
    bench.run(blocks)
    bench.mixer.beat(True, new)
    bench.run(300)
    gaps = np.diff(struck(bench.sound("beat")))
    low, high = sorted((60 * RATE / old, 60 * RATE / new))
    assert (gaps >= low - 1).all()
    assert (gaps <= high + 1).all()
    assert gaps[-1] == pytest.approx(60 * RATE / new, abs=1)


def test_the_beat_reports_its_first_and_last_sample():
    bench = Bench()
    bench.run(2)
    bench.mixer.beat(True, 120)
    bench.mixer.beat(True, 120)
    bench.run(60)
    bench.mixer.beat(False)
    bench.run(5)
    start, end = bench.events
    assert (start.source, start.t) == ("beat", pytest.approx(0.02))
    last = 2 * BLOCK + 24_000 + len(click(RATE)) - 1
    assert (end.source, end.reason, end.t) == ("beat", "stopped", pytest.approx(last / RATE))


def test_tones_play_one_after_the_other_and_are_told_apart():
    sounds = {name: tones.synthesize(name, RATE).tobytes() for name in tones.NAMES}
    assert len(set(sounds.values())) == len(sounds)
    bench = Bench()
    bench.mixer.tone("heard")
    bench.mixer.tone("not_understood")
    bench.run(60)
    expected = np.concatenate([tones.synthesize(n, RATE) for n in ("heard", "not_understood")])
    assert np.array_equal(bench.sound("tone")[: len(expected)], expected)
    assert [e.source for e in bench.events] == ["tone", "tone"]


def test_a_broken_source_leaves_silence_and_the_axis_goes_on():
    bench = Bench()
    bench.mixer.beat(True, 120)
    bench.run(10)

    def broken(parts):
        raise OSError("disk full")

    bench.mixer._tap = broken
    bench.run(50)
    bench.mixer._tap = bench._tap
    bench.run(50)
    assert bench.mixer.faults == 50
    assert struck(bench.sound("sum"))[-1] == 2 * 24_000
    assert not bench.sound("sum")[10 * BLOCK : 60 * BLOCK].any()


def test_gain_changes_the_level_by_its_decibels():
    bench = Bench()
    bench.say(1, np.full(RATE, 3277, np.int16))
    bench.run(30)
    bench.mixer.gain(6)
    bench.run(50)
    voice = bench.sound("voice")
    assert voice[70 * BLOCK] / voice[20 * BLOCK] == pytest.approx(1.995, rel=0.01)


@pytest.mark.parametrize("rate", [0, -48_000, 44_100, 8_000, 10**9])
def test_an_output_rate_without_a_common_axis_is_refused(rate):
    with pytest.raises(UserError, match="output_rate"):
        Mixer(rate, print)


def test_a_rate_that_is_no_compression_rate_is_refused():
    with pytest.raises(ValueError, match="outside"):
        Bench().mixer.beat(True, 1000)

from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from voice.config import Listening
from voice.listening import turn_types as turns
from voice.listening.turn_types import Completeness, Rules
from voice.listening.turns import settled, step
from voice.listening.vad import FRAME, Frame

RULES = Rules.of(
    Listening(
        preroll_ms=500,
        soft_end_ms=160,
        commit_command_ms=160,
        commit_sentence_ms=550,
        commit_open_ms=900,
        reopen_ms=1000,
        max_utterance_s=4.0,
        min_voiced_ms=128,
        partial_ms=640,
        reaction_ms=250,
    )
)


def frames(ms: float) -> int:
    return round(ms * 16 / FRAME)


@dataclass
class Stream:
    """Feeds the machine and keeps the books: which voiced frame went to which turn."""

    rules: Rules = RULES
    state: turns.State = field(default_factory=turns.State)
    actions: list[turns.Action] = field(default_factory=list)
    owner: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Voiced frame to the turn and the sample at which that was (re)opened."""
    dropped: set[int] = field(default_factory=set)
    committed: set[int] = field(default_factory=set)
    over: set[int] = field(default_factory=set)
    """Committed turns of which it was said that nothing can reopen them."""
    reopened: set[int] = field(default_factory=set)
    """Turns that were committed again after that."""

    def feed(self, event: turns.Event) -> list[turns.Action]:
        before = self.state
        self.state, actions = step(before, event, self.rules)
        if isinstance(event, Frame) and event.voiced:
            self._own(event.sample, before, actions)
        for action in actions:
            if isinstance(action, turns.Drop):
                assert before.open is not None
                gone = (action.span.turn, before.open.resumed)
                self.dropped |= {f for f, owner in self.owner.items() if owner == gone}
            elif isinstance(action, turns.Commit):
                self.committed.add(action.span.turn)
                self.reopened |= {action.span.turn} & self.over
        if settled(self.state, self.rules):
            self.over |= self.committed
        self.actions += actions
        return actions

    def _own(self, sample: int, before: turns.State, actions: list[turns.Action]) -> None:
        if self.state.open is not None:
            self.owner[sample] = (self.state.open.span.turn, self.state.open.resumed)
        else:  # the frame that filled the turn
            resumed = before.open.resumed if before.open else sample
            self.owner[sample] = (self.state.cut[-1][1].turn, resumed)

    def sound(self, ms: float, voiced: bool) -> list[turns.Action]:
        out = []
        for _ in range(frames(ms)):
            out += self.feed(Frame(self.state.now, voiced, 0.9 if voiced else 0.1))
        return out

    def speech(self, ms: float) -> list[turns.Action]:
        return self.sound(ms, True)

    def silence(self, ms: float) -> list[turns.Action]:
        return self.sound(ms, False)

    def decoded(self, heard: Completeness) -> list[turns.Action]:
        """Deliver the newest recognition of the turn."""
        return self.feed(turns.Decoded(self.of(turns.Decode)[-1].generation, heard))

    def of(self, kind: type) -> list:  # type: ignore[type-arg]
        return [action for action in self.actions if isinstance(action, kind)]


def said(heard: Completeness = "sentence") -> Stream:
    """A stream in which an utterance of a second has just been committed."""
    stream = Stream()
    stream.silence(800)
    stream.speech(1000)
    stream.silence(200)
    stream.decoded(heard)
    while not stream.of(turns.Commit):
        stream.silence(32)
    return stream


def test_recognition_starts_at_the_soft_end_with_the_preroll_and_the_silence_so_far():
    stream = Stream()
    stream.silence(1600)
    stream.speech(960)
    assert stream.silence(128) == []
    (decode,) = stream.silence(32)
    assert isinstance(decode, turns.Decode)
    assert decode.span.first - decode.span.audio_start == RULES.preroll
    assert decode.end == stream.state.now


def test_a_whole_command_commits_as_soon_as_it_is_decoded():
    stream = Stream()
    stream.speech(400)
    stream.silence(300)
    (commit,) = stream.decoded("whole")
    assert isinstance(commit, turns.Commit)


def test_a_sentence_waits_for_a_pause_and_an_open_end_for_a_longer_one():
    for heard, pause in (("sentence", 550), ("open", 900)):
        stream = Stream()
        stream.speech(640)
        stream.silence(256)
        assert stream.decoded(heard) == []
        assert stream.silence(pause - 256 - 32) == []
        (commit,) = stream.silence(64)
        assert isinstance(commit, turns.Commit)


def test_speech_that_resumes_before_the_commit_makes_the_decode_stale():
    stream = Stream()
    stream.speech(640)
    stream.silence(224)
    stale = stream.of(turns.Decode)[-1].generation
    stream.speech(320)
    assert stream.feed(turns.Decoded(stale, "whole")) == []
    stream.silence(224)
    (commit,) = stream.decoded("whole")
    assert commit.generation > stale
    assert commit.span.revision == 0


def test_speech_that_resumes_after_the_commit_reopens_the_whole_turn():
    stream = said()
    first = stream.of(turns.Commit)[0].span
    stream.speech(500)
    (reopened,) = stream.of(turns.Reopened)
    assert (reopened.span.turn, reopened.span.revision) == (first.turn, 1)
    stream.silence(200)
    decode = stream.of(turns.Decode)[-1]
    assert decode.span.audio_start == first.audio_start
    (commit,) = stream.decoded("whole")
    assert commit.span.revision == 1
    assert commit.span.first == first.first


def test_a_turn_is_over_when_the_window_closes_or_what_reopened_it_is_committed():
    stream = Stream()
    stream.speech(640)
    stream.silence(192)
    stream.decoded("whole")
    assert not settled(stream.state, RULES)
    stream.silence(960)
    assert not settled(stream.state, RULES)
    stream.speech(640)
    stream.silence(192)
    assert not settled(stream.state, RULES)
    stream.decoded("whole")
    stream.silence(960)
    assert not settled(stream.state, RULES)
    stream.silence(96)
    assert settled(stream.state, RULES)


def test_speech_long_after_the_commit_is_a_new_turn_without_the_old_audio():
    stream = said()
    old = stream.of(turns.Commit)[0].span
    stream.silence(1100)
    stream.speech(500)
    began = stream.of(turns.Began)[-1]
    assert began.span.turn != old.turn
    assert began.span.audio_start >= old.last


def test_speech_that_comes_while_late_words_are_awaited_is_a_new_turn():
    stream = Stream()
    stream.speech(640)
    stream.silence(960)
    (late,) = stream.of(turns.Decode)
    stream.speech(500)
    first, second = (began.span for began in stream.of(turns.Began))
    assert second.turn == first.turn + 1
    assert second.audio_start >= late.span.last
    (commit,) = stream.feed(turns.Decoded(late.generation, "sentence"))
    assert commit.span == late.span
    stream.silence(200)
    (commit,) = stream.decoded("whole")
    assert commit.span.turn == second.turn
    assert not stream.of(turns.Reopened)


def test_words_that_came_late_do_not_make_what_is_said_after_them_part_of_the_turn():
    stream = Stream()
    stream.speech(640)
    stream.silence(1600)
    stream.decoded("sentence")
    assert stream.of(turns.Commit)
    stream.silence(480)
    stream.speech(500)
    assert not stream.of(turns.Reopened)


def test_speech_that_answers_an_audible_reply_is_a_new_turn():
    stream = said("whole")
    old = stream.of(turns.Commit)[0].span
    stream.feed(turns.Playback(stream.state.now, True))
    stream.silence(320)
    stream.speech(300)
    began = stream.of(turns.Began)[-1]
    assert began.span.turn != old.turn
    assert began.span.overlapped


def test_speech_that_began_before_anybody_could_hear_the_reply_reopens():
    stream = said("whole")
    stream.feed(turns.Playback(stream.state.now, True))
    stream.silence(96)
    stream.speech(300)
    assert stream.of(turns.Reopened)


def test_a_click_is_dropped_without_a_word():
    stream = Stream()
    stream.silence(500)
    stream.speech(96)
    stream.silence(500)
    assert [type(action) for action in stream.actions] == [turns.Drop]


def test_a_click_after_a_commit_reopens_nothing_but_speech_after_it_still_does():
    stream = said()
    stream.speech(64)
    stream.silence(256)
    assert not stream.of(turns.Reopened)
    stream.speech(300)
    assert stream.of(turns.Reopened)


def test_a_turn_of_the_longest_length_is_cut_and_the_next_goes_on_at_the_same_sample():
    stream = Stream()
    stream.silence(600)
    stream.speech(4600)
    (cut,) = stream.of(turns.Decode)
    (commit,) = stream.feed(turns.Decoded(cut.generation, "open"))
    assert commit.span.turn == 1
    assert cut.end - cut.span.audio_start >= RULES.longest
    after = stream.of(turns.Began)[-1].span
    assert (after.turn, after.audio_start, after.first) == (2, cut.end, cut.end)


def test_the_last_syllable_after_a_cut_is_not_taken_for_a_click():
    stream = Stream()
    while not stream.of(turns.Decode):
        stream.speech(32)
    stream.speech(32)
    stream.silence(200)
    assert len(stream.of(turns.Decode)) == 2
    assert not stream.of(turns.Drop)


def test_partials_come_one_at_a_time_and_only_while_they_are_fresh():
    stream = Stream()
    stream.speech(3000)
    (asked,) = stream.of(turns.DecodePartial)
    assert stream.feed(turns.PartialDone(asked.generation)) == [turns.ShowPartial(asked.generation)]
    assert stream.feed(turns.PartialDone(asked.generation)) == []
    stream.speech(32)
    assert len(stream.of(turns.DecodePartial)) == 2


def speaking(stream: Stream) -> Stream:
    """The same stream, our voice being audible."""
    stream.feed(turns.Playback(stream.state.now, True))
    return stream


def test_over_our_voice_the_first_voiced_frame_is_noticed_and_a_click_settles():
    stream = speaking(Stream())
    stream.silence(320)
    assert stream.speech(32) == [turns.Stirred(320 * 16)]
    stream.silence(400)
    (glance,) = stream.of(turns.DecodePartial)
    stream.feed(turns.PartialDone(glance.generation))
    stream.silence(32)
    assert not stream.of(turns.Began)
    assert isinstance(stream.actions[-1], turns.Drop)


def test_our_voice_does_not_wait_for_words_that_do_not_come_and_holds_again_for_more_speech():
    stream = speaking(Stream())
    stream.speech(320)
    stream.silence(1984)
    assert not stream.of(turns.Freed)
    assert stream.silence(640) == [turns.Freed((320 + 2016) * 16)]
    assert stream.speech(32) == [turns.Stirred((320 + 2624) * 16)]
    stream.silence(640)
    stream.decoded("whole")
    assert stream.of(turns.Commit)


def test_while_we_are_silent_nothing_stirs():
    stream = Stream()
    stream.speech(320)
    assert not stream.of(turns.Stirred)


def test_over_our_voice_a_short_utterance_is_glanced_at_before_the_soft_end():
    stream = speaking(Stream())
    stream.silence(320)
    stream.speech(320)
    assert stream.silence(64) == []
    (glance,) = stream.silence(32)
    assert isinstance(glance, turns.DecodePartial)
    assert glance.end == stream.state.now


def test_an_urgent_glance_ends_the_turn_with_its_own_words():
    stream = speaking(Stream())
    stream.speech(320)
    stream.silence(96)
    (glance,) = stream.of(turns.DecodePartial)
    shown, commit = stream.feed(turns.PartialDone(glance.generation, urgent=True))
    assert shown == turns.ShowPartial(glance.generation)
    assert (commit.generation, commit.span.turn) == (glance.generation, 1)
    assert stream.state.open is None


def test_an_urgent_partial_ends_the_turn_in_the_middle_of_noise_which_may_reopen_it():
    stream = speaking(Stream())
    stream.speech(700)
    (partial,) = stream.of(turns.DecodePartial)
    stream.feed(turns.PartialDone(partial.generation, urgent=True))
    (commit,) = stream.of(turns.Commit)
    stream.speech(320)
    (reopened,) = stream.of(turns.Reopened)
    assert (reopened.span.turn, reopened.span.revision) == (commit.span.turn, 1)


def test_a_turn_over_our_voice_waits_for_the_glance_unless_it_is_a_command():
    for heard, waits in (("noise", True), ("whole", False)):
        stream = speaking(Stream())
        stream.speech(320)
        stream.silence(192)
        (glance,) = stream.of(turns.DecodePartial)
        stream.decoded(heard)
        assert bool(stream.of(turns.Commit)) is not waits
        stream.feed(turns.PartialDone(glance.generation))
        assert stream.of(turns.Commit)


def test_over_our_voice_less_sound_is_speech():
    stream = speaking(Stream())
    stream.speech(96)
    assert stream.of(turns.Began)


def test_a_command_over_our_voice_of_which_hardly_any_sound_is_left_is_a_turn():
    stream = speaking(Stream())
    stream.speech(32)
    stream.silence(320)
    (glance,) = stream.of(turns.DecodePartial)
    began, _, commit = stream.feed(turns.PartialDone(glance.generation, urgent=True))
    assert began == turns.Began(commit.span)
    assert not stream.of(turns.Drop)


def test_the_least_sound_over_our_voice_is_dropped_when_no_glance_comes_back():
    stream = speaking(Stream())
    stream.speech(32)
    stream.silence(RULES.hold / 16 + 64)
    assert stream.of(turns.Drop)


def test_when_nothing_of_ours_goes_on_no_word_is_urgent():
    stream = Stream()
    stream.speech(700)
    (partial,) = stream.of(turns.DecodePartial)
    assert stream.feed(turns.PartialDone(partial.generation, urgent=True)) == [
        turns.ShowPartial(partial.generation)
    ]
    stream.silence(128)
    assert len(stream.of(turns.DecodePartial)) == 1


def test_what_works_without_a_sound_can_be_stopped_as_quickly():
    stream = Stream()
    stream.feed(turns.Work(True))
    stream.speech(320)
    stream.silence(96)
    assert stream.of(turns.DecodePartial)


def test_what_begins_in_the_echo_of_our_voice_counts_as_said_over_it():
    for pause, overlapped in ((128, True), (480, False)):
        stream = speaking(Stream())
        stream.silence(320)
        stream.feed(turns.Playback(stream.state.now, False))
        stream.silence(pause)
        stream.speech(320)
        assert stream.of(turns.Began)[0].span.overlapped is overlapped


HEARD = st.sampled_from(["whole", "sentence", "open", "noise"])
SCENE = st.lists(
    st.one_of(
        st.tuples(st.just("speech"), st.integers(1, 60)),
        st.tuples(st.just("silence"), st.integers(1, 70)),
        st.tuples(st.just("decoded"), HEARD),
        st.tuples(st.just("late"), HEARD),
        st.tuples(st.just("partial"), st.none()),
        st.tuples(st.just("urgent"), st.none()),
        st.tuples(st.just("play"), st.booleans()),
        st.tuples(st.just("work"), st.booleans()),
    ),
    max_size=40,
)


def play(scene: list[tuple[str, object]]) -> Stream:
    """Run a scene, then be silent and deliver what is awaited until all is over."""
    stream = Stream()
    for what, value in scene:
        match what:
            case "speech" | "silence":
                stream.sound(int(value) * 32, what == "speech")  # type: ignore[call-overload]
            case "play":
                stream.feed(turns.Playback(stream.state.now, bool(value)))
            case "work":
                stream.feed(turns.Work(bool(value)))
            case "partial" | "urgent":
                for asked in stream.of(turns.DecodePartial)[-2:]:
                    stream.feed(turns.PartialDone(asked.generation, urgent=what == "urgent"))
            case _:
                known = stream.of(turns.Decode)
                late = known[:-1] if what == "late" else known
                for asked in late[-2:]:
                    stream.feed(turns.Decoded(asked.generation, value))  # type: ignore[arg-type]
    for _ in range(3):
        stream.silence(300)
        for generation in sorted(stream.state.awaited()):
            stream.feed(turns.Decoded(generation, "open"))
        stream.silence(1000)
    return stream


@settings(max_examples=120, deadline=None)
@given(SCENE)
def test_every_voiced_frame_ends_in_exactly_one_committed_or_dropped_turn(scene):
    stream = play(scene)
    assert stream.state.open is None
    assert stream.state.cut == ()
    last = {commit.span.turn: commit.span for commit in stream.of(turns.Commit)}
    kept = [(f, turn) for f, (turn, _) in stream.owner.items() if f not in stream.dropped]
    for turn, span in last.items():
        mine = [f for f, owner in kept if owner == turn]
        assert len(mine) * FRAME == span.voiced
        assert span.audio_start <= span.first == min(mine)
        assert span.last == max(mine) + FRAME
    assert {turn for _, turn in kept} == set(last)


@settings(max_examples=120, deadline=None)
@given(SCENE)
def test_revisions_count_up_and_words_always_cover_the_whole_turn(scene):
    stream = play(scene)
    asked = {decode.generation: decode for decode in stream.of(turns.Decode)}
    glances = {glance.generation: glance for glance in stream.of(turns.DecodePartial)}
    generations = [d.generation for d in stream.actions if hasattr(d, "end")]
    assert generations == sorted(set(generations))
    revisions: dict[int, list[int]] = {}
    for commit in stream.of(turns.Commit):
        if commit.generation in glances:  # urgent: the words may be those of its beginning
            glance = glances[commit.generation].span
            assert (glance.turn, glance.revision) == (commit.span.turn, commit.span.revision)
        else:
            assert asked[commit.generation].span == commit.span
            assert asked[commit.generation].end >= commit.span.last
        revisions.setdefault(commit.span.turn, []).append(commit.span.revision)
    assert all(found == list(range(len(found))) for found in revisions.values())


@settings(max_examples=120, deadline=None)
@given(SCENE)
def test_a_turn_that_is_over_for_good_never_comes_again_and_each_is_in_the_end(scene):
    stream = play(scene)
    assert stream.reopened == set()
    assert stream.over == stream.committed
    assert settled(stream.state, RULES)


@settings(max_examples=120, deadline=None)
@given(SCENE)
def test_turns_never_overlap_and_each_is_announced_once_before_its_words(scene):
    stream = play(scene)
    going_on: tuple[int, int] | None = None
    asked: set[tuple[int, int]] = set()
    for action in stream.actions:
        if isinstance(action, turns.Decode):
            asked.add((action.span.turn, action.span.revision))
        match action:
            case turns.Began(span=span) | turns.Reopened(span=span):
                assert going_on is None or going_on in asked  # its words are late
                going_on = (span.turn, span.revision)
            case turns.Commit(span=span) | turns.Decode(span=span) if going_on != (
                span.turn,
                span.revision,
            ):
                assert isinstance(action, turns.Commit)  # of a turn that was cut or parted
            case turns.Commit():
                going_on = None
            case turns.Decode(span=span, end=end) if end == span.last:  # a cut
                going_on = None
    spans = sorted(
        {c.span.turn: c.span for c in stream.of(turns.Commit)}.values(), key=lambda s: s.first
    )
    for before, after in pairwise(spans):
        assert before.last <= after.audio_start


@settings(max_examples=120, deadline=None)
@given(SCENE)
def test_nothing_shorter_than_a_word_is_announced_and_each_pause_is_decoded_at_most_once(scene):
    stream = play(scene)
    for commit in stream.of(turns.Commit):
        continues_a_cut = any(d.end == commit.span.first for d in stream.of(turns.Decode))
        enough = RULES.shortest_over if commit.span.overlapped else RULES.shortest
        assert commit.span.voiced >= enough or continues_a_cut
    ends = [(d.span.turn, d.span.last) for d in stream.of(turns.Decode)]
    assert len(ends) == len(set(ends))

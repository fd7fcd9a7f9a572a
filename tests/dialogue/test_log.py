"""The log for the crew as data: bounded, immutable, counted; and times in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.real_content import loaded
from voice.config import Settings
from voice.dialogue import content as content_files
from voice.dialogue import durations, handover, words, yamlfile
from voice.dialogue.durations import When
from voice.dialogue.log import LIMIT, Entry, Log
from voice.dialogue.yamlfile import ContentError, Document

CONTENT = loaded()
ENTRIES = st.builds(
    Entry,
    t=st.floats(0, 1e5),
    what=st.sampled_from(sorted(CONTENT.handover.items)),
    detail=st.sampled_from([CONTENT.say(i.say) for i in CONTENT.handover.items.values()]),
    casualty=st.integers(1, 2),
    essential=st.booleans(),
)


def filled(*essential: bool) -> Log:
    """A log with an entry for each."""
    log = Log()
    for number, kept in enumerate(essential):
        log = log.add(Entry(t=number, what="swap", detail="one swap", essential=kept))
    return log


@given(st.lists(st.booleans(), min_size=LIMIT, max_size=LIMIT + 60))
def test_the_log_is_bounded_and_drops_what_is_not_essential_first(kinds: list[bool]) -> None:
    log = filled(*kinds)
    numbers = [entry.number for entry in log.entries]
    assert len(log.entries) <= LIMIT
    assert log.count == len(kinds)
    assert numbers == sorted(set(numbers))
    if sum(kinds) <= LIMIT:
        assert sum(entry.essential for entry in log.entries) == sum(kinds)
    dropped = set(range(1, len(kinds) + 1)) - set(numbers)
    kept_easy = {entry.number for entry in log.entries if not entry.essential}
    assert all(easy > gone for gone in dropped if not kinds[gone - 1] for easy in kept_easy)


def test_numbers_go_on_after_everything_was_deleted() -> None:
    before = filled(True, False)
    after = before.deleted(7.0).add(Entry(t=8.0, what="shock", detail="one shock"))
    assert [(entry.number, entry.what) for entry in after.entries] == [(3, "shock")]
    assert after.deleted_at == 7.0
    assert [entry.number for entry in before.entries] == [1, 2]


@given(st.lists(ENTRIES, max_size=40), st.floats(1e5, 2e5))
def test_a_summary_has_at_most_two_sentences_and_thirty_words(
    entries: list[Entry], now: float
) -> None:
    log = Log()
    for entry in sorted(entries, key=lambda entry: entry.t):
        log = log.add(entry)
    said = CONTENT.say(CONTENT.handover.summary(log, 1, now))
    assert words.count(said) <= handover.LONGEST_SUMMARY
    assert words.sentences(said) <= 2
    assert "{" not in said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "less than a minute"),
        (29, "less than a minute"),
        (40, "one minute"),
        (89, "one minute"),
        (100, "two minutes"),
        (59 * 60, "fifty-nine minutes"),
        (60 * 60, "one hour"),
        (62 * 60, "one hour"),
        (68 * 60, "one hour and ten minutes"),
        (119 * 60, "two hours"),
        (185 * 60, "three hours and five minutes"),
    ],
)
def test_spans_are_rounded_and_in_words(seconds: float, said: str) -> None:
    assert CONTENT.handover.spans.span(seconds) == said


@pytest.mark.parametrize(
    ("said", "when"),
    [
        ("five minutes ago", When(ago_s=300)),
        ("about twenty five minutes ago", When(ago_s=1500)),
        ("a minute ago", When(ago_s=60)),
        ("10 minutes ago", When(ago_s=600)),
        ("half an hour ago", When(ago_s=1800)),
        ("two hours ago", When(ago_s=7200)),
        ("at ten fifteen", When(clock="at ten fifteen")),
        ("at 10 15", When(clock="at 10:15")),
        ("at half past two", When(clock="at half past two")),
        ("at the hospital", None),
        ("some minutes ago", None),
        ("ago", None),
        ("at", None),
        ("on his leg", None),
    ],
)
def test_times_as_rescuers_tell_them(said: str, when: When | None) -> None:
    assert durations.told(said, CONTENT.phrasebook.clock_words) == when


def document(before: str, after: str) -> Document:
    """handover.yaml with one change."""
    text = (content_files.folder(Settings()) / "handover.yaml").read_text()
    assert before in text
    return yamlfile.Document("handover.yaml", text.replace(before, after, 1))


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("ends: cpr,", "ends: cprs,", "no entry `cprs`"),
        ("after: [not-breathing,", "after: [not-breathin,", "no entry `not-breathin`"),
        ("  tourniquet: {", "  tourniquets: {", "there is no entry `tourniquet`"),
        (', ended: "jerking for {time}, stopped {ago}"', "", "`lasts` and `ended` go together"),
        ("weight: 20}", "weigth: 20}", "unknown field `weigth`"),
        (
            "entries:\n",
            "entries:\n" + "".join(f"  e{n}: {{say: so, essential: true}}\n" for n in range(LIMIT)),
            f"are essential, and the log holds {LIMIT}",
        ),
    ],
)
def test_a_mistake_in_the_words_of_the_log_is_refused_at_the_start(
    before: str, after: str, reason: str
) -> None:
    with pytest.raises(ContentError) as refused:
        handover.load(document(before, after))
    assert reason in str(refused.value)

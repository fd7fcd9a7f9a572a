"""With `content.require_signed` nothing is spoken that nobody signed, whatever is said."""

from collections.abc import Iterator

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from tests.support.signed import STRICT, Copy
from tests.support.talking import Talk
from voice.cli.main import main
from voice.dialogue import content as content_files
from voice.dialogue import interface as d
from voice.dialogue.content import Content
from voice.dialogue.dialogue import Dialogue
from voice.errors import UserError

NOTHING = "I have no reviewed guidance yet. In an emergency, call one one two."
NOT_FOR_THAT = "I have no reviewed guidance for that. In an emergency, call one one two."
SIGNED = ("cpr-adult", "choking-adult")


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dialogue]:
    """A dialogue of which two protocols are signed."""
    with pytest.MonkeyPatch.context() as patch:
        Copy(tmp_path_factory.mktemp("signed"), patch)
        for slug in SIGNED:
            sign = ["protocols", "sign", slug, "--name", "Dr Ada", "--role", "Physician"]
            assert main(sign) == 0
        yield Dialogue(content_files.load(STRICT), STRICT, always=True)


@pytest.fixture(scope="module")
def unsigned() -> Dialogue:
    return Dialogue(content_files.load(STRICT), STRICT)


@pytest.mark.parametrize(
    "text", ["he's not breathing", "my head hurts so much", "help", "hello", "how do I do C P R"]
)
def test_when_nothing_is_signed_one_line_says_so(text: str, unsigned: Dialogue) -> None:
    talk = Talk(unsigned)
    reply = talk.say(text)
    assert (reply.say, reply.protocol, reply.reviewed) == (NOTHING, None, False)
    assert talk.state.run is None
    assert talk.say("say that again").say == NOTHING


def test_when_nothing_is_signed_no_protocol_can_be_begun_by_name(unsigned: Dialogue) -> None:
    with pytest.raises(UserError, match="not signed"):
        unsigned.start("cpr-adult")


def test_ask_says_it_too(capsys: pytest.CaptureFixture[str]) -> None:
    strict = ["--set", "content.require_signed=true", "--set", "llm.model="]
    assert main(["ask", "she is bleeding badly", *strict]) == 0
    assert capsys.readouterr().out == NOTHING + "\n"


def test_what_is_signed_is_spoken_and_is_reviewed(strict: Dialogue) -> None:
    talk = Talk(strict)
    reply = talk.say("he's not breathing")
    assert (reply.protocol, reply.reviewed) == ("cpr-adult", True)
    assert talk.say("next").reviewed
    assert talk.say("how deep do I push").reviewed
    assert not talk.say("louder").reviewed


def test_what_is_not_signed_is_not_begun(strict: Dialogue) -> None:
    talk = Talk(strict)
    reply = talk.say("she burned her hand on the stove")
    assert (reply.say, reply.protocol) == (NOT_FOR_THAT, None)
    assert talk.say("he's not breathing").protocol == "cpr-adult"


def test_where_a_signed_protocol_leads_to_another_that_is_not_it_ends(strict: Dialogue) -> None:
    talk = Talk(strict, strict.start("choking-adult"))
    assert talk.say("the blood is spurting from his leg").say == NOT_FOR_THAT
    assert talk.state.run is None
    assert d.CancelTimer(name="step") in talk.effects


def test_another_casualty_does_not_end_what_is_signed(strict: Dialogue) -> None:
    talk = Talk(strict, strict.start("cpr-adult"))
    place = talk.place
    assert talk.say("another person has a snake bite").say == NOT_FOR_THAT
    assert talk.place == place


def test_a_signed_protocol_leads_to_another_that_is_signed(strict: Dialogue) -> None:
    talk = Talk(strict, strict.start("choking-adult"))
    reply = talk.say("he went limp and is not responding")
    assert (reply.protocol, reply.reviewed) == ("cpr-adult", True)


def test_only_signed_lines_are_rendered_ahead(strict: Dialogue) -> None:
    lines = set(content_files.spoken_lines(strict.content))
    assert strict.content.say(strict.content.library["cpr-adult"].steps[0].say) in lines
    assert strict.content.say(strict.content.library["burns"].steps[0].say) not in lines


def _sayable(content: Content) -> list[str]:
    found = []
    for protocol in content.library.values():
        found += [*protocol.triggers, *protocol.procedures]
        found += [phrase for event in protocol.events for phrase in event.hear]
        found += [phrase for answer in protocol.answers for phrase in answer.ask]
    return found


@given(data=st.data(), start=st.sampled_from([None, *SIGNED]))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_nothing_else_is_ever_spoken(
    data: st.DataObject, start: str | None, strict: Dialogue
) -> None:
    content = strict.content
    commands = ["next", "yes", "no", "back", "help", "start over", "back to the first", "handover"]
    sayable = st.sampled_from(_sayable(content)) | st.sampled_from(commands)
    allowed = set(content_files.spoken_lines(content))
    forbidden = {
        content.say(line)
        for p in content.library.values()
        if p.id not in SIGNED
        for line in p.lines()
    } - allowed
    talk = Talk(strict, strict.start(start))
    for text in data.draw(st.lists(sayable, min_size=1, max_size=6)):
        reply = talk.say(text)
        assert reply.say not in forbidden
        assert reply.protocol in (None, *SIGNED)
        assert talk.place is None or talk.place[0] in SIGNED

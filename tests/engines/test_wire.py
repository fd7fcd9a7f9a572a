import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.engines import interfaces as m
from voice.engines import wire

to_worker = st.one_of(
    st.builds(m.Transcribe, audio=st.binary(max_size=400), nbest=st.integers(1, 5)),
    st.builds(m.Generate, prefix=st.text(), prompt=st.text(), stop=st.tuples(st.text())),
    st.builds(m.Prefill, prefix=st.text()),
    st.builds(m.SetAdapter, path=st.text()),
    st.builds(m.Synthesize, text=st.text()),
    st.builds(wire.Cancel, before=st.integers(0, 2**40)),
    st.builds(wire.Ping, serial=st.integers(0, 2**40)),
)
integers = st.integers(-(2**63), 2**63)
ids = {"id": st.integers(0, 2**40), "generation": st.integers(0, 2**40)}
from_worker = st.one_of(
    st.builds(
        m.Transcript,
        **ids,
        text=st.text(),
        avg_logprob=st.floats(allow_nan=False),
        no_speech_prob=st.floats(0, 1),
        words=st.tuples(st.builds(m.Word, text=st.text(), probability=st.floats(0, 1))),
    ),
    st.builds(m.SpeechChunk, **ids, audio=st.binary(max_size=400), rate=st.just(22050)),
    st.builds(m.Failed, **ids, reason=st.sampled_from(["cancelled", "died"]), detail=st.text()),
    st.builds(wire.Ready, info=st.dictionaries(st.text(), integers | st.text())),
    st.builds(wire.LoadFailed, detail=st.text()),
)


@given(st.lists(to_worker))
def test_messages_to_a_worker_arrive_as_they_were_sent(messages):
    pipe = io.BytesIO()
    for message in messages:
        wire.write_frame(pipe, message)
    pipe.seek(0)
    for message in messages:
        assert wire.to_worker.decode(wire.read_frame(pipe)) == message
    assert wire.read_frame(pipe) is None


@given(from_worker)
def test_messages_from_a_worker_arrive_as_they_were_sent(message):
    pipe = io.BytesIO()
    wire.write_frame(pipe, message)
    pipe.seek(0)
    assert wire.from_worker.decode(wire.read_frame(pipe)) == message


@given(from_worker, st.data())
def test_a_pipe_that_ends_inside_a_frame_is_an_error(message, data):
    whole = io.BytesIO()
    wire.write_frame(whole, message)
    cut = data.draw(st.integers(1, len(whole.getvalue()) - 1))
    with pytest.raises(wire.WireError):
        wire.read_frame(io.BytesIO(whole.getvalue()[:cut]))


@given(st.binary(max_size=64))
def test_foreign_bytes_end_in_a_known_error_and_never_in_a_huge_read(noise):
    pipe = io.BytesIO(noise)
    try:
        while (body := wire.read_frame(pipe)) is not None:
            wire.from_worker.decode(body)
    except (wire.WireError, msgspec.DecodeError):
        pass


def test_a_frame_that_claims_gigabytes_is_refused_before_it_is_read():
    with pytest.raises(wire.WireError, match="something else wrote"):
        wire.read_frame(io.BytesIO(b"\xff\xff\xff\xff"))

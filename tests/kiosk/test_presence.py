"""When it is asked who is there, and when all is forgotten: whatever happens in between."""

from hypothesis import given
from hypothesis import strategies as st

from voice.kiosk.presence import Presence, Rules, look, signed

RULES = Rules(silence_s=120.0, beat_silence_s=900.0, answer_s=30.0)


class Kiosk:
    def __init__(self) -> None:
        self.now = 0.0
        self.presence = Presence(sign=0.0)
        self.due: list[tuple[float, str]] = []

    def wait(self, seconds: float, *, running=True, beating=False, speaking=False) -> None:
        for _ in range(round(seconds * 2)):
            self.now += 0.5
            self.presence, due = look(
                self.presence,
                self.now,
                RULES,
                running=running,
                beating=beating,
                speaking=speaking,
            )
            if due:
                self.due.append((self.now, due))


def test_silence_is_asked_about_and_then_forgotten() -> None:
    kiosk = Kiosk()
    kiosk.wait(200)
    assert kiosk.due == [(120.0, "ask"), (150.0, "forget")]


def test_a_sign_in_time_keeps_everything() -> None:
    kiosk = Kiosk()
    kiosk.wait(130)
    kiosk.presence = signed(kiosk.presence, kiosk.now)
    kiosk.wait(119)
    assert [what for _, what in kiosk.due] == ["ask"]


def test_who_pushes_to_the_beat_is_left_alone_for_longer() -> None:
    kiosk = Kiosk()
    kiosk.wait(890, beating=True)
    assert kiosk.due == []
    kiosk.wait(50, beating=True)
    assert [what for _, what in kiosk.due] == ["ask", "forget"]


def test_who_listens_is_not_asked() -> None:
    kiosk = Kiosk()
    kiosk.wait(300, speaking=True)
    assert kiosk.due == []
    kiosk.wait(1)
    assert [what for _, what in kiosk.due] == ["ask"]


def test_an_idle_kiosk_asks_nobody() -> None:
    kiosk = Kiosk()
    kiosk.wait(10_000, running=False)
    assert kiosk.due == []
    kiosk.wait(119)
    assert kiosk.due == []


def test_zero_means_never() -> None:
    rules = Rules(silence_s=0.0, beat_silence_s=0.0, answer_s=1.0)
    _, due = look(Presence(sign=0.0), 1e6, rules, running=True, beating=False, speaking=False)
    assert due is None


@given(
    st.lists(
        st.tuples(st.floats(0.1, 200), st.booleans(), st.booleans(), st.booleans(), st.booleans()),
        max_size=60,
    )
)
def test_nothing_is_forgotten_unasked_or_after_a_sign(
    happened: list[tuple[float, bool, bool, bool, bool]],
) -> None:
    presence, now, asked_at = Presence(sign=0.0), 0.0, None
    for passed, sign, running, beating, speaking in happened:
        now += passed
        if sign:
            presence, asked_at = signed(presence, now), None
        presence, due = look(
            presence, now, RULES, running=running, beating=beating, speaking=speaking
        )
        if not running:
            asked_at = None
            assert due is None
        if due == "ask":
            assert not speaking
            asked_at = now
        if due == "forget":
            assert asked_at is not None
            assert now - asked_at >= RULES.answer_s
            asked_at = None

"""Mistakes to plant into choking-adult.yaml, one kind each, and what has to be said about them."""

from pathlib import Path
from typing import NamedTuple

from voice.config import Settings
from voice.dialogue import content as content_files

FILE = content_files.folder(Settings()) / "protocols" / "choking-adult.yaml"


class Planted(NamedTuple):
    """A change of the file and the reason that has to be given for it."""

    before: str
    after: str
    reason: str
    at: str = ""
    """What stands on the line that is pointed at; default: the first line that was changed."""
    besides: tuple[tuple[str, str], ...] = ()
    """Further changes that the mistake needs."""

    def plant(self, folder: Path) -> Path:
        """The file with the mistake, in a folder of its own."""
        text = FILE.read_text("utf-8")
        for before, after in ((self.before, self.after), *self.besides):
            assert before in text, before
            text = text.replace(before, after, 1)
        file = folder / FILE.name
        file.write_text(text, "utf-8")
        return file

    def points_at(self, file: Path, line: int) -> bool:
        """Whether this line, counted from 1, is where the mistake is."""
        lines = file.read_text("utf-8").splitlines()
        if self.at:
            return lines[line - 1].strip() == self.at
        pairs = zip(FILE.read_text("utf-8").splitlines(), lines, strict=False)
        return line == next(n for n, (old, new) in enumerate(pairs, start=1) if old != new)


P = Planted

FORMAT = [
    P("standing: Stay", "standing: [Stay", "did not find expected", at="steps:"),
    P("version: 1", "version: 1\nversion: 2", "`version` stands here twice"),
    P("    screen: Lean forward", "    scream: Lean forward", "unknown field `scream`"),
    P("urgency: critical\n", "", "missing required field `urgency`", at="id: choking-adult"),
    P("kind: loop", "kind: loup", "Invalid enum value 'loup'"),
    P("urgency: critical", "urgency: huge", "Invalid enum value 'huge'"),
    P("who: [adult]", "who: [adults]", "Invalid enum value 'adults'"),
    P("who: [adult]", "who: []", "length >= 1"),
    P("version: 1", "version: one", "Expected `int`, got `str`"),
    P("    seconds: 25\n", "    seconds: -1\n", "Expected `int` >= 1"),
    P("checked_on: 2026-11-22", "checked_on: 2026-02-30", "Invalid RFC3339 encoded date"),
    P("  - id: lean\n", "  - id: Lean_1\n", "matching regex"),
    P("say: Check after each blow. Is it out?", 'say: ""', "Expected `str` of length >= 2"),
    P("then: keep-coughing", "then: go to coughing", "matching regex"),
    P("id: choking-adult", "id: choking", "`choking` is not the file's name"),
    P("  - id: pull\n", "  - id: fist\n", "step `fist` stands here twice"),
    P("  - id: silent\n", "  - id: noisy\n", "`noisy` stands here twice"),
    P("  - id: water\n", "  - id: first\n", "`first` stands here twice"),
    P("    safe: no\n", "", "`cough` names no safe choice", at="- id: cough"),
    P("    safe: no\n", "    safe: perhaps\n", "`perhaps` is none of the choices"),
    P(
        "    on_unclear:",
        "    screen:",
        "no `on_unclear`",
        at="- id: cough",
        besides=(("    screen: Can they cough?\n", ""),),
    ),
    P("      - name: standing\n", "      - name: limp\n", "two choices of one name", at="choices:"),
    P("kind: end\n", "kind: ask\n", "needs at least two choices", at="- id: keep-watching"),
    P("  - id: fist\n", "  - id: fist\n    safe: no\n", "is no question", at="- id: fist"),
    P("then: keep-coughing", "then: keep-caughing", "no step `keep-caughing`"),
    P("    unless: can-cough\n", "    then: return\n", "this step belongs to none"),
    P("    seconds: 25\n    then: blows\n", "", "does not say where to go", at="- id: round"),
    P(
        "kind: end\n",
        "kind: timer\n",
        "timer `keep-watching` has no `seconds`",
        at="- id: keep-watching",
    ),
    P("    kind: end\n", "    kind: end\n    then: lean\n", "cannot lead on", at="then: lean"),
    P(
        "  - id: fist\n",
        "  - id: fist\n    seconds: 9\n",
        "belong to a timer or loop",
        at="seconds: 9",
    ),
    P(
        "  - id: fist\n",
        "  - id: fist\n    log_if: choking\n",
        "belongs to a `log`",
        at="log_if: choking",
    ),
    P(
        "    repeat_after: 20\n",
        "    repeat_after: 20\n    advance_after: 9\n",
        "cannot both advance and repeat",
        at="repeat_after: 20",
    ),
    P("    finding: cleared\n    hear", "    heard", "unknown field `heard`"),
    P(
        "  - id: noisy\n",
        "  - {id: lost, then: lean}\n  - id: noisy\n",
        "needs a `finding`, phrases",
    ),
    P(
        "    sets: [cannot-speak]\n    then: limp\n",
        "    sets: [cannot-speak]\n",
        "neither `steps` nor `then`",
        at="- id: gasping",
    ),
    P("    sets: [cannot-speak]\n    then: limp\n", "    then: lump\n", "no step `lump`"),
    P('said: ["see a doctor today"]', 'said: ["see (a"]', "not a pattern"),
    P("fact: Never give water", "fact: Give water", "matching regex"),
]
"""What loading refuses."""

MEANING = [
    P("say: Look now. Is it out?", "say: Look now. See it? Is it out?", "3 sentences"),
    P(
        "say: Stay close. Is the cough still strong?",
        "say: Stay very close to them now, sit down on the floor, and tell me whether the "
        "cough is still strong?",
        "words, at most 15",
    ),
    P("in and up, five times.", "in and up, 5 times.", "numbers are written as words"),
    P("This is C P R now", "This is CPR now", "write letters apart"),
    P("Back blows first, five,", "Back blows first, for one min,", "write the word out"),
    P("Is it out?", "Is it out (look)?", "only letters and plain punctuation"),
    P("call {emergency}. Lean", "call {ambulance}. Lean", "slot `{ambulance}` is not filled"),
    P("See a doctor today.", "Rest today.", "no line says", at='said: ["see a doctor today"]'),
    P("say: Hard blows,", "say: Give water. Hard blows,", "may not be advised"),
    P("hear: [still standing,", "hear: [floppy,", "`floppy` also means `limp`"),
    P("hear: [he has gone silent,", "hear: [he wheezes now,", "also means `noisy`"),
    P(
        "ask: [how hard do I hit,",
        "ask: [which comes first, how hard do I hit,",
        "`which comes first` also means `first`",
    ),
    P("  - she is choking\n", "  - blood spurting\n", "also triggers `severe-bleeding`"),
    P("hear: [not out,", "hear: [stop, not out,", "is the command `stop`"),
    P("hear: [it is out,", "hear: [nope, it is out,", "means no, here it means yes"),
    P("  - id: fist\n", "  - id: fist\n    log: fists\n", "no entry `fists`", at="log: fists"),
    P("finding: cleared", "finding: cleaned", "`cleaned` is no finding"),
    P("    unless: can-cough\n", "    unless: can-sing\n", "nothing ever sets the fact `can-sing`"),
    P("known: [unresponsive]", "known: [wobbly]", "nothing ever sets the fact `wobbly`"),
    P(
        "    kind: loop\n    say: Keep the blows and pulls going. Send someone to call again.\n"
        "    screen: Keep going\n    seconds: 25\n",
        "    say: Keep the blows and pulls going. Send someone to call again.\n",
        "`round` comes round again without a step of kind `loop`",
        at="- id: round",
    ),
    P(
        "    then: goto:cpr-adult\n",
        "    kind: do\n    then: limp\n",
        "comes round again",
        at="- id: start-cpr",
        besides=(("    kind: goto\n", ""),),
    ),
    P(
        "        then: start-cpr",
        "        then: out",
        "step `start-cpr` is never reached",
        at="- id: start-cpr",
    ),
    P(
        "    kind: end\n    say: Belly",
        "    say: Belly",
        "is no end, loop or goto",
        at="- id: doctor",
    ),
    P(
        "  - id: doctor\n",
        "  - id: doctor\n    unless: can-cough\n",
        "may be skipped",
        at="- id: doctor",
    ),
    P("then: goto:cpr-adult", "then: goto:cpr-adults", "no protocol `cpr-adults`"),
    P("child: choking-child", "child: choking-kid", "no protocol `choking-kid`"),
    P("who: [adult]\n", "who: [adult]\nstands_in_for: [cpr-adult]\n", "`cpr-adult` is written"),
    P(
        "  - id: noisy\n",
        "  - {id: again-out, finding: cleared, then: out}\n  - id: noisy\n",
        "event `again-out` never happens: `cleared` comes before it",
    ),
    P(
        "    steps:\n      - Five back blows first.\n",
        "    steps:\n      - {id: alone-1, say: Five back blows first.}\n",
        "a step of `alone` in events.yaml is named `alone-1`",
    ),
    P(
        "someone to call {emergency}. Lean",
        "someone. Lean",
        "call for help does not come",
        at="- id: cough",
    ),
    P(
        "  - id: lean\n",
        "  - id: lean\n    kind: end\n",
        "nothing follows the call for help",
        at="- id: cough",
    ),
    P(
        "say: Look now. Is it out?",
        'say: "Call {emergency}. Is it out?"',
        "wait for an answer",
        at="- id: out-after-pulls",
    ),
    P(
        "  - id: watch-cough\n",
        "  - {id: sit, say: Sit them down.}\n  - {id: coat, say: Open the coat.}\n"
        '  - {id: call, say: "Call {emergency}."}\n  - id: watch-cough\n',
        "after `yes` at `cough` the call comes later than step 2",
        at='- {id: call, say: "Call {emergency}."}',
    ),
    P(
        "        then: start-cpr",
        "        then: out",
        "tells of a threat to life, and no call",
        at="- name: limp",
    ),
    P(
        "See a doctor today.",
        "Chew three hundred aspirin. See a doctor today.",
        "a dose without its unit",
    ),
    P(
        "See a doctor today.",
        "Chew three hundred milligrams of aspirin.",
        "a dose needs a source that was read",
        at="say: Belly pulled, or still coughing? Chew three hundred milligrams of aspirin.",
        besides=(("checked_on: 2026-11-22}\n", "checked_on: 2026-11-22, basis: memory}\n"),) * 3,
    ),
]
"""What the checks find in a protocol that loads."""

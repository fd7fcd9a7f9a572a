"""What findings together call for, the most urgent first, and which protocols may refine that.

A rule's own protocol is what begins when the cause is not known. `allows` are protocols that begin
with the same check or action and know the cause better; the classifier may choose among them.
"""

from collections.abc import Iterable

import msgspec

from voice.dialogue.words import wordset

ANYTHING = "primary-check"
LIFE_THREATS = frozenset(("not-breathing", "gasping", "unresponsive"))
"""What no mention of a film or of last year elsewhere in the sentence explains away."""


class Rule(msgspec.Struct, frozen=True):
    """Findings that together call for a protocol."""

    needs: frozenset[str]
    slug: str
    without: frozenset[str] = frozenset()
    allows: frozenset[str] = frozenset()


def _rule(needs: str, slug: str, without: str = "", allows: frozenset[str] = frozenset()) -> Rule:
    return Rule(wordset(needs), slug, wordset(without), allows | {slug})


_ARREST = wordset("cpr-child cpr-infant newborn drowning opioid-overdose")
_GASPING = _ARREST | {"agonal-breathing"}
_UNRESPONSIVE = wordset(
    "unresponsive-breathing agonal-breathing drowning electrical-injury lightning opioid-overdose "
    "alcohol-drunk poisoning co-poisoning seizure hypoglycaemia high-blood-sugar heat-stroke "
    "hypothermia hanging-strangulation head-injury spinal-injury stroke anaphylaxis "
    "newborn childbirth fever-child sepsis-meningitis crush-injury blast-injury chemical-agent "
    "smoke-fire triage gunshot-stab shock elderly-fall cpr-infant cpr-child choking-infant "
    "choking-child snake-bite internal-bleeding scene-safety aed moving-casualty"
)
_BLEEDING = wordset(
    "amputation nosebleed postpartum-bleeding pregnancy-bleeding gunshot-stab chest-wound "
    "evisceration internal-bleeding embedded-object blast-injury shock childbirth "
    "crush-injury dental-avulsion triage"
)
_LESS_BLEEDING = _BLEEDING | wordset(
    "minor-wound head-injury fracture-sprain eye-injury burns scene-safety suicide-crisis "
    "animal-bite"
)
_CHOKING = wordset(
    "choking-child choking-infant hanging-strangulation chemical-agent smoke-fire drowning"
)
_BREATHLESS = wordset(
    "asthma anaphylaxis panic-pfa choking-adult choking-child choking-infant chest-pain "
    "chest-wound drowning smoke-fire chemical-agent hanging-strangulation co-poisoning newborn "
    "sting sepsis-meningitis heat-stroke gunshot-stab crush-injury fracture-sprain opioid-overdose "
    "spinal-injury snake-bite"
)
_PANTING = _BREATHLESS | {"breathing-trouble", "high-blood-sugar"}

RULES = (
    _rule("choking unresponsive", "cpr-adult", allows=wordset("cpr-child cpr-infant")),
    _rule("not-breathing awake", "breathing-trouble", allows=_BREATHLESS),
    _rule("not-breathing in-airway", "choking-adult", "unresponsive collapsed", _CHOKING),
    _rule("cannot-breathe in-airway", "choking-adult", "unresponsive collapsed", _CHOKING),
    _rule("not-breathing", "cpr-adult", "choking", _ARREST),
    _rule("choking", "choking-adult", "cleared", _CHOKING),
    _rule("cannot-speak cyanosis", "choking-adult", "unresponsive collapsed", _CHOKING),
    _rule("gasping unresponsive", "agonal-breathing", allows=_GASPING),
    _rule("gasping collapsed", "agonal-breathing", allows=_GASPING),
    _rule("severed", "amputation"),
    _rule("heavy-bleeding", "severe-bleeding", allows=_BLEEDING),
    _rule("unresponsive breathing", "unresponsive-breathing", allows=_UNRESPONSIVE),
    _rule("collapsed breathing", "unresponsive-breathing", "awake", _UNRESPONSIVE),
    _rule("unresponsive", ANYTHING, "awake", _UNRESPONSIVE),
    _rule("went-down", ANYTHING, "awake", _UNRESPONSIVE - {"elderly-fall"}),
    _rule("gasping", "agonal-breathing", allows=_GASPING | _PANTING | {"electrical-injury"}),
    _rule("cannot-breathe", "breathing-trouble", allows=_BREATHLESS),
    _rule("bleeding", "severe-bleeding", allows=_LESS_BLEEDING),
    _rule("cut", "minor-wound", allows=_LESS_BLEEDING | {"severe-bleeding", "tick-bite"}),
)
"""The first that fits holds."""


def first(found: Iterable[str]) -> Rule | None:
    """The most urgent rule that the findings meet."""
    held = frozenset(found)
    return next((r for r in RULES if r.needs <= held and not r.without & held), None)

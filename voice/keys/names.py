"""The kernel's names of keys and buttons, as in linux/input-event-codes.h."""

from voice.errors import UserError

_RUNS = {
    1: "ESC 1 2 3 4 5 6 7 8 9 0 MINUS EQUAL BACKSPACE TAB Q W E R T Y U I O P LEFTBRACE RIGHTBRACE "
    "ENTER LEFTCTRL A S D F G H J K L SEMICOLON APOSTROPHE GRAVE LEFTSHIFT BACKSLASH Z X C V B N M "
    "COMMA DOT SLASH RIGHTSHIFT KPASTERISK LEFTALT SPACE CAPSLOCK F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 "
    "NUMLOCK SCROLLLOCK KP7 KP8 KP9 KPMINUS KP4 KP5 KP6 KPPLUS KP1 KP2 KP3 KP0 KPDOT",
    87: "F11 F12",
    96: "KPENTER RIGHTCTRL KPSLASH SYSRQ RIGHTALT LINEFEED HOME UP PAGEUP LEFT RIGHT END DOWN "
    "PAGEDOWN INSERT DELETE MACRO MUTE VOLUMEDOWN VOLUMEUP POWER KPEQUAL KPPLUSMINUS PAUSE",
    125: "LEFTMETA RIGHTMETA COMPOSE STOP AGAIN PROPS UNDO FRONT COPY OPEN PASTE FIND CUT HELP "
    "MENU",
    148: "PROG1 PROG2",
    158: "BACK FORWARD",
    163: "NEXTSONG PLAYPAUSE PREVIOUSSONG STOPCD RECORD REWIND PHONE",
    183: "F13 F14 F15 F16 F17 F18 F19 F20 F21 F22 F23 F24",
    200: "PLAYCD PAUSECD PROG3 PROG4",
    207: "PLAY FASTFORWARD",
    248: "MICMUTE",
    352: "OK SELECT GOTO CLEAR",
    402: "CHANNELUP CHANNELDOWN FIRST LAST AB NEXT RESTART",
    412: "PREVIOUS",
}
_BUTTONS = {
    256: "0 1 2 3 4 5 6 7 8 9",
    272: "LEFT RIGHT MIDDLE SIDE EXTRA FORWARD BACK TASK",
    304: "SOUTH EAST C NORTH WEST Z TL TR TL2 TR2 SELECT START MODE",
}


def _numbered(prefix: str, runs: dict[int, str]) -> dict[str, int]:
    return {
        prefix + name: first + place
        for first, names in runs.items()
        for place, name in enumerate(names.split())
    }


CODES = _numbered("KEY_", _RUNS) | _numbered("BTN_", _BUTTONS)


def code(name: str) -> int:
    """Give the code of a key named as the kernel does, or by its number; raises UserError."""
    if name.isdecimal() and int(name) < 768:
        return int(name)
    if name.upper() in CODES:
        return CODES[name.upper()]
    raise UserError(
        f"[keys]: no key is named '{name}'; write e.g. KEY_PAGEDOWN, KEY_PLAYPAUSE, BTN_0 or the "
        "number that `evtest` shows"
    )

// Every action by one key, and the list of them.

export const KEYS = [
  { keys: ["ArrowRight", "PageDown"], shown: "→ or Page Down", name: "Next", intent: "next" },
  { keys: ["ArrowLeft", "PageUp"], shown: "← or Page Up", name: "Back", intent: "back" },
  { keys: ["r"], shown: "R", name: "Repeat", intent: "repeat" },
  { keys: ["s"], shown: "S", name: "Stop", intent: "stop" },
  { keys: ["y"], shown: "Y", name: "Yes", intent: "yes" },
  { keys: ["n"], shown: "N", name: "No", intent: "no" },
  { keys: ["1", "2", "3", "4", "5", "6", "7", "8", "9"], shown: "1 to 9", name: "The answer or tile of that place" },
  { keys: ["t", "/"], shown: "T", name: "Type", press: "typed" },
  { keys: ["w"], shown: "W", name: "What changed?", press: "changed" },
  { keys: ["b"], shown: "B", name: "Beat on or off" },
  { keys: ["h"], shown: "H", name: "For the crew", intent: "summary" },
  { keys: ["c"], shown: "C", name: "Close the answer or the summary", intent: "close" },
  { keys: ["p"], shown: "P", name: "Print (for the crew)", press: "print" },
  { keys: ["l"], shown: "L", name: "Louder", intent: "louder" },
  { keys: ["q"], shown: "Q", name: "Quieter", intent: "quieter" },
  { keys: ["+", "="], shown: "+", name: "Bigger text", press: "size" },
  { keys: ["d"], shown: "D", name: "Dark or bright", press: "theme" },
  { keys: ["x"], shown: "X", name: "New person", press: "person" },
  { keys: ["m"], shown: "M", name: "More", press: "more" },
  { keys: ["?"], shown: "?", name: "These keys", press: "keys" },
];

const byId = (id) => document.getElementById(id);

// The button that "1", "2", … means: of an open panel, else of what is on the screen.
function numbered(number) {
  const panel = document.querySelector("dialog[open]");
  const root = panel ?? byId("main");
  const buttons = [...root.querySelectorAll(".answers button, .tiles button")];
  return buttons.filter((button) => button.offsetParent !== null)[number - 1];
}

export function listKeys(list) {
  for (const { shown, name } of KEYS) {
    const key = document.createElement("dt");
    const does = document.createElement("dd");
    key.textContent = shown;
    does.textContent = name;
    list.append(key, does);
  }
}

// act(intent) sends; beatIsOn() tells whether the beat is running.
export function listenToKeys({ act, beatIsOn }) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    if (event.target.matches("input[type=text]")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (!byId("keys-on").checked) return;
    const pressed = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const found = KEYS.find((entry) => entry.keys.includes(pressed));
    if (!found) return;
    const panel = document.querySelector("dialog[open]");
    if (/^[1-9]$/.test(pressed)) numbered(Number(pressed))?.click();
    else if (panel) return;
    else if (pressed === "b") act(beatIsOn() ? "stop-beat" : "start-beat");
    else if (found.press === "typed") byId("typed").focus();
    else if (found.press) byId(found.press).click();
    else act(found.intent);
    event.preventDefault();
  });
}

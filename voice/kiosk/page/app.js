// The page of the kiosk: one connection, one view, and what can be touched.

import { drawing, show } from "./drawings.js";
import { holdable } from "./hold.js";
import { listKeys, listenToKeys } from "./keys.js";
import { Link } from "./link.js";
import { Pulse } from "./pulse.js";
import { View } from "./view.js";

const FORGET_WORDS_MS = 30_000;
const FORGET_STEP_MS = 180_000;
const SIZES = ["1", "1.25", "1.5"];
const SIZE_NAMES = { normal: "1", large: "1.25", huge: "1.5" };

const byId = (id) => document.getElementById(id);
const root = document.documentElement;

const pulse = new Pulse(byId("pulse-core"), (ms) => link.toPage(ms));
const view = new View(act, pulse);
let themeChosen = false;
let sizeChosen = false;
let lostAt = 0;

const scheme = location.protocol === "https:" ? "wss" : "ws";
const link = new Link(`${scheme}://${location.host}/ws${location.search}`, {
  onState(state) {
    const conversation = (one) => Boolean(one?.protocol || one?.handover || one?.caption?.heard);
    if (state.mode === "idle" && conversation(view.state) && !conversation(state)) fresh();
    if (state.mode === "still_there") closePanels();
    if (!themeChosen && state.settings?.theme) root.dataset.theme = state.settings.theme;
    if (!sizeChosen) root.dataset.size = SIZE_NAMES[state.settings?.text_size] ?? SIZES[0];
    view.show(state, performance.now());
  },
  onLive() {
    lostAt = 0;
    notice("");
    document.body.classList.remove("cut");
  },
  onLost() {
    lostAt = performance.now();
    pulse.stop();
    document.body.classList.add("cut");
    notice("Screen reconnecting. Go on speaking: the voice does not need the screen.");
  },
});

function notice(text) {
  byId("lost").textContent = text;
  byId("lost").hidden = !text;
}

// Sends an intent for what is on the screen now; `more` may carry typed words.
function act(intent, more = {}) {
  link.send({ intent, seq: view.state?.seq ?? 0, ...more });
}

function say(text) {
  if (text.trim()) act("say", { text: text.trim() });
}

function closePanels() {
  for (const panel of document.querySelectorAll("dialog[open]")) panel.close();
}

// Back to how the page was when it was opened.
function fresh() {
  view.forget();
  themeChosen = false;
  sizeChosen = false;
  byId("keys-on").checked = true;
}

function newPerson() {
  closePanels();
  act("new-person");
}

function tile(label, picture, onClick) {
  const button = document.createElement("button");
  button.type = "button";
  const words = document.createElement("span");
  words.textContent = label;
  button.append(words);
  if (picture) {
    const box = document.createElement("span");
    box.className = "thumb";
    box.setAttribute("aria-hidden", "true");
    button.prepend(box);
    show(box, picture);
  }
  button.addEventListener("click", onClick);
  return button;
}

function askWho(who, start) {
  byId("starts").hidden = true;
  byId("who").hidden = false;
  const answers = who.map(({ label, who: person }) => {
    const button = tile(label, null, () => say(start.say.replace("{who}", person)));
    button.className = "answer";
    return button;
  });
  byId("who-tiles").replaceChildren(...answers);
  answers[0].focus();
}

async function setUpTiles() {
  const words = await (await fetch("/page/words.json")).json();
  const starts = words.starts.map((start) =>
    tile(start.label, start.drawing, () =>
      start.say.includes("{who}") ? askWho(words.who, start) : say(start.say),
    ),
  );
  byId("starts").replaceChildren(...starts);
  const changes = words.changes.map(({ label, say: text }) =>
    tile(label, null, () => {
      closePanels();
      say(text);
    }),
  );
  byId("changes").replaceChildren(...changes);
  for (const name of words.drawings) drawing(name);
}

function openPanel(id) {
  closePanels();
  byId(id).showModal();
}

function setUpButtons() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.intent) {
      closePanels();
      act(button.dataset.intent);
    }
    if ("close" in button.dataset) closePanels();
  });
  byId("type").addEventListener("submit", (event) => {
    event.preventDefault();
    say(byId("typed").value);
    byId("typed").value = "";
  });
  byId("size").addEventListener("click", () => {
    sizeChosen = true;
    root.dataset.size = SIZES[(SIZES.indexOf(root.dataset.size) + 1) % SIZES.length];
  });
  byId("theme").addEventListener("click", () => {
    themeChosen = true;
    root.dataset.theme = root.dataset.theme === "dark" ? "bright" : "dark";
  });
  byId("more").addEventListener("click", () => openPanel("more-panel"));
  byId("changed").addEventListener("click", () => openPanel("changed-panel"));
  byId("keys").addEventListener("click", () => openPanel("keys-panel"));
  byId("print").addEventListener("click", () => window.print());
  byId("here").addEventListener("click", () => act("here"));
  byId("still-new").addEventListener("click", newPerson);
  byId("person-yes").addEventListener("click", newPerson);
  holdable(byId("person"), { onHold: newPerson, onClick: () => openPanel("person-panel") });
}

// Without a connection the page cannot know of a reset: words go soon, and the step later.
function forgetWhenCutOff() {
  if (!lostAt || !view.state) return;
  const cut = performance.now() - lostAt;
  const state = view.state;
  if (cut > FORGET_STEP_MS && (state.protocol || state.step)) {
    fresh();
    const empty = { protocol: null, step: null, since_s: null, swap_in_s: null };
    view.show({ ...state, ...empty, mode: "idle", beat: null }, performance.now());
  } else if (cut > FORGET_WORDS_MS && (state.caption?.heard || state.answer || state.handover)) {
    const mode = state.step ? "step" : "idle";
    const empty = { caption: {}, answer: null, handover: null };
    view.show({ ...state, ...empty, mode, beat: null }, view.arrived);
  }
}

listKeys(byId("key-list"));
listenToKeys({ act, beatIsOn: () => Boolean(view.state?.beat?.on) });
setUpButtons();
setUpTiles();
setInterval(forgetWhenCutOff, 1000);

// One state of the assistant put on the screen. Everything that was spoken or typed is set as text.

import { show } from "./drawings.js";

const byId = (id) => document.getElementById(id);

// Sets the text only where it differs, so that nothing is laid out or read aloud twice.
function put(id, text) {
  const element = byId(id);
  const wanted = text ?? "";
  if (element.textContent !== wanted) element.textContent = wanted;
}

function putIf(id, wordsId, text) {
  put(wordsId, text);
  byId(id).hidden = !text;
}

// m:ss, or h:mm:ss
export function clockFace(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${two(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

const VIEWS = {
  idle: "idle",
  listening: "hearing",
  step: "step",
  question: "step",
  answer: "answer",
  summary: "summary",
  still_there: "still",
};

export class View {
  // act(intent, more) sends what was touched; pulse shows the beat.
  constructor(act, pulse) {
    this.act = act;
    this.pulse = pulse;
    this.state = null;
    this.arrived = 0;
    this.announced = "";
    setInterval(() => this.tick(), 250);
  }

  show(state, arrived) {
    const before = this.state;
    this.state = state;
    this.arrived = arrived;
    const view = VIEWS[state.mode] ?? "idle";
    const changedView = document.body.dataset.view !== view;
    document.body.dataset.view = view;
    document.body.dataset.place = state.step ? `${state.protocol?.slug ?? ""} ${state.step.id}` : "";
    document.body.classList.toggle("listening", Boolean(state.listening));
    for (const name of new Set(Object.values(VIEWS))) byId(name).hidden = name !== view;
    this.frame(state);
    this.idle(state);
    this.step(state);
    this.answer(state);
    this.summary(state);
    this.captions(state);
    this.alarms(state);
    this.beat(state);
    this.tick();
    const stepChanged = before?.step?.id !== state.step?.id;
    if (changedView || stepChanged) byId("main").scrollTop = 0;
    this.announce(state);
  }

  frame(state) {
    const running = state.protocol !== null;
    put("title", running ? state.protocol.title : "First aid");
    const number = state.place?.number;
    put("number", number ? `Call ${number}` : "");
    byId("number").classList.toggle("small", running);
    const still = state.mode === "idle" || state.mode === "still_there";
    for (const button of document.querySelectorAll("nav button")) button.disabled = still;
    byId("changed").disabled = !running;
  }

  idle(state) {
    const place = state.place ?? {};
    put("place-number", place.number ? `Call ${place.number}` : "");
    put("place-name", place.name);
    put("place-tell", place.tell ? `Tell them: ${place.tell}` : "");
    put("disclaimer", state.disclaimer);
    const test = state.selftest;
    const failed = test && !test.ok;
    const parts = failed && test.failed?.length ? `: ${test.failed.join(", ")}` : "";
    put("selftest", failed ? `Self-test failed at ${test.at}${parts}. Speech may not work here.` : "");
    byId("selftest").hidden = !failed;
  }

  step(state) {
    const step = state.step;
    put("screen", step ? step.screen || step.say : "");
    put("say", step?.screen ? step.say : "");
    const choices = step?.choices ?? [];
    const key = `${state.protocol?.slug}/${step?.id}/${choices.map((one) => one.name).join()}`;
    if (this.choicesKey !== key) {
      this.choicesKey = key;
      byId("answers").replaceChildren(...choices.map((one, at) => this.choice(one, at)));
    }
    // A question of the protocol stays on the screen while one of the rescuer's is answered.
    const aside = state.mode === "question" ? state.answer?.text : "";
    putIf("aside", "aside", aside === step?.say ? "" : aside);
    show(byId("drawing"), step?.drawing ?? null);
  }

  choice({ name, label }, at) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "answer";
    button.textContent = label;
    button.dataset.choice = String(at + 1);
    const intent = name === "yes" || name === "no" ? name : `choice:${name}`;
    button.addEventListener("click", () => this.act(intent));
    return button;
  }

  answer(state) {
    put("answer-question", state.answer?.question ? `“${state.answer.question}”` : "");
    put("answer-text", state.answer?.text);
    const step = state.step;
    put("answer-step", step ? `Go on: ${step.screen || step.say}` : "");
  }

  summary(state) {
    const lines = state.handover?.lines ?? [];
    const list = byId("summary-lines");
    if (list.dataset.lines !== JSON.stringify(lines)) {
      list.dataset.lines = JSON.stringify(lines);
      const items = lines.map((line) => {
        const item = document.createElement("li");
        item.textContent = line;
        return item;
      });
      list.replaceChildren(...items);
    }
    const code = state.handover?.qr;
    byId("qr").hidden = !code;
    // As an image it can run nothing and load nothing.
    const source = code ? `data:image/svg+xml,${encodeURIComponent(code)}` : "";
    const image = byId("qr-image");
    if (!source) image.removeAttribute("src");
    else if (image.src !== source) image.src = source;
    put("summary-disclaimer", state.handover ? state.disclaimer : "");
  }

  captions(state) {
    const caption = state.caption ?? {};
    putIf("spoken", "spoken-words", caption.spoken);
    putIf("heard", "heard-words", caption.heard);
    byId("heard").classList.toggle("final", Boolean(caption.final));
    put("hearing-words", caption.heard || "…");
  }

  alarms(state) {
    const texts = (state.alarms ?? []).map((alarm) => alarm.text);
    const box = byId("alarms");
    if (box.dataset.texts === JSON.stringify(texts)) return;
    box.dataset.texts = JSON.stringify(texts);
    const rows = texts.map((text) => {
      const row = document.createElement("p");
      row.className = "notice alarm";
      row.textContent = text;
      return row;
    });
    box.replaceChildren(...rows);
  }

  beat(state) {
    const beat = state.beat?.on ? state.beat : null;
    byId("pace").hidden = !beat;
    byId("beat-on").hidden = Boolean(beat);
    byId("beat-off").hidden = !beat;
    if (!beat) {
      this.pulse.stop();
      return;
    }
    if (beat.next_ms === null || beat.next_ms === undefined) this.pulse.stop();
    else this.pulse.follow(beat.rate, beat.next_ms);
    const counted = beat.count !== null && beat.count !== undefined;
    byId("count").hidden = !counted;
    put("count-now", counted ? String(beat.count) : "");
    put("count-of", counted && beat.of ? `of ${beat.of}` : "");
    put("rate", `${Math.round(beat.rate)} a minute`);
  }

  // What runs on between two states: the time since the start, and until the swap.
  tick() {
    const state = this.state;
    if (!state) return;
    const later = (performance.now() - this.arrived) / 1000;
    const since = state.since_s;
    const started = since !== null && since !== undefined;
    byId("elapsed").hidden = !started;
    put("elapsed-time", started ? clockFace(since + later) : "");
    const swap = state.swap_in_s;
    const swaps = swap !== null && swap !== undefined && Boolean(state.beat?.on);
    byId("swap").hidden = !swaps;
    if (!swaps) return;
    const left = swap - later;
    put("swap", left > 0.5 ? `Swap in ${clockFace(left)}` : "Swap now");
    byId("swap").classList.toggle("soon", left <= 10);
  }

  // For screen readers: the step and what was understood, each once, and no half words.
  announce(state) {
    const parts = [];
    if (state.answer) parts.push(state.answer.text);
    else if (state.step) parts.push(state.step.screen, state.step.say);
    else if (state.mode === "still_there") parts.push("Are you still there?");
    else if (state.mode === "idle") parts.push("Tell me what happened.");
    const text = parts.filter(Boolean).join(". ");
    if (text === this.announced) return;
    this.announced = text;
    byId("announce").textContent = text;
  }

  // Nothing of a conversation stays in the page.
  forget() {
    for (const panel of document.querySelectorAll("dialog[open]")) panel.close();
    const typed = byId("typed");
    const fresh = typed.cloneNode(true);
    fresh.value = "";
    // A fresh box has no history to undo.
    typed.replaceWith(fresh);
    this.announced = "";
    this.choicesKey = "";
    byId("who").hidden = true;
    byId("starts").hidden = false;
  }
}

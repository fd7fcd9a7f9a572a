// A button that acts at once when it is held, by finger, mouse or key, and otherwise on its click.

const HOLD_MS = 1000;

export function holdable(button, { onHold, onClick }) {
  let timer = 0;
  let held = false;
  const begin = () => {
    if (timer) return;
    held = false;
    button.classList.add("holding");
    timer = setTimeout(() => {
      held = true;
      end();
      onHold();
    }, HOLD_MS);
  };
  const end = () => {
    clearTimeout(timer);
    timer = 0;
    button.classList.remove("holding");
  };
  const isKey = (event) => event.key === "Enter" || event.key === " ";
  button.addEventListener("pointerdown", begin);
  for (const name of ["pointerup", "pointerleave", "pointercancel", "blur"]) {
    button.addEventListener(name, end);
  }
  button.addEventListener("keydown", (event) => {
    if (!isKey(event)) return;
    // The click that a key makes by itself would come at once, and again and again.
    event.preventDefault();
    if (!event.repeat) begin();
  });
  button.addEventListener("keyup", (event) => {
    if (!isKey(event) || (!timer && !held)) return;
    event.preventDefault();
    const short = !held;
    held = false;
    end();
    if (short) onClick();
  });
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  button.addEventListener("click", () => {
    if (!held) onClick();
    held = false;
  });
}

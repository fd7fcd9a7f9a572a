// The drawings: fetched once, before they are needed, and put into the page as parsed SVG, so that
// they take the page's colours.

const parsed = new Map();

async function load(name) {
  const answer = await fetch(`/page/drawings/${name}.svg`);
  if (!answer.ok) return null;
  const text = await answer.text();
  const drawing = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  return drawing.nodeName === "svg" ? drawing : null;
}

// A promise of the drawing, or of null where there is none of that name.
export function drawing(name) {
  if (!/^[a-z0-9-]+$/.test(name)) return Promise.resolve(null);
  if (!parsed.has(name)) {
    const loading = load(name).catch(() => null);
    parsed.set(name, loading);
    // One that could not be fetched is asked for again the next time.
    loading.then((found) => found || parsed.delete(name));
  }
  return parsed.get(name);
}

// Shows a drawing (or none, for null) in `box`; the latest wish wins.
export async function show(box, name) {
  if (box.dataset.drawing === (name ?? "")) return;
  box.dataset.drawing = name ?? "";
  const found = name ? await drawing(name) : null;
  if (box.dataset.drawing !== (name ?? "")) return;
  box.replaceChildren(...(found ? [document.importNode(found, true)] : []));
  if (name && !found) box.dataset.drawing = "";
  box.classList.toggle("empty", !found);
}

// The beat as a pulse. The browser's compositor runs it, so a busy page does not shift it; each
// state only corrects its phase.

const TOLERANCE_MS = 8;

export class Pulse {
  // core: the element that swells; toPage: a moment of the server's clock on the page's.
  constructor(core, toPage) {
    this.core = core;
    this.toPage = toPage;
    this.animation = null;
    this.rate = 0;
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    this.calm = calm.matches;
    calm.addEventListener("change", () => {
      this.calm = calm.matches;
      this.stop();
    });
  }

  // rate in beats a minute; nextMs: a beat's moment on the server's clock.
  follow(rate, nextMs) {
    if (!this.animation || this.rate !== rate) this.start(rate);
    const period = 60000 / rate;
    // The timeline counts from the same origin as performance.now().
    const start = this.toPage(nextMs);
    const unset = this.animation.startTime === null;
    const shift = unset ? 0 : Math.abs(start - this.animation.startTime) % period;
    if (unset || Math.min(shift, period - shift) > TOLERANCE_MS) {
      // A start in the past, so that the beats before this one are shown as well.
      const ahead = Math.max(start - performance.now(), 0);
      this.animation.startTime = start - period * Math.ceil(ahead / period + 1);
    }
  }

  start(rate) {
    this.stop();
    this.rate = rate;
    const strong = { opacity: 1, transform: this.calm ? "none" : "scale(1)" };
    const weak = { opacity: 0.25, transform: this.calm ? "none" : "scale(0.55)" };
    this.animation = this.core.animate(
      [strong, { ...strong, offset: 0.12 }, { ...weak, offset: 0.6 }, weak],
      { duration: 60000 / rate, iterations: Infinity },
    );
  }

  stop() {
    this.animation?.cancel();
    this.animation = null;
  }
}

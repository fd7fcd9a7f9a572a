// The connection to the assistant: whole states come, intents go, and the two clocks are compared.
//
// A closed socket is tried again at once and then every second; a silent one counts as lost when
// two pings in a row stay without an answer, so a half-open socket is noticed too.

const PING_MS = 1000;
const DEAF_MS = 2200;
const RETRY_MS = 700;
const SAMPLES = 12;
// The first comparisons of the clocks come quickly, for a beat may be running already.
const FIRST_PINGS_MS = [0, 60, 140, 260, 420];

export class Link {
  // address: of the socket. onState(state), onLost() and onLive() are called in the page's thread.
  constructor(address, { onState, onLost, onLive }) {
    this.address = address;
    this.onState = onState;
    this.onLost = onLost;
    this.onLive = onLive;
    this.live = false;
    this.pings = new Map();
    this.lastPing = 0;
    this.offsets = [];
    this.heardAt = 0;
    this.open();
    setInterval(() => this.watch(), PING_MS);
  }

  open() {
    const socket = new WebSocket(this.address);
    this.socket = socket;
    this.openedAt = performance.now();
    socket.onopen = () => {
      this.heardAt = performance.now();
      this.pings.clear();
      this.offsets = [];
      for (const wait of FIRST_PINGS_MS) setTimeout(() => this.ping(), wait);
    };
    socket.onmessage = (event) => this.take(socket, event.data);
    socket.onclose = () => this.lose(socket);
  }

  take(socket, text) {
    if (socket !== this.socket) return;
    this.heardAt = performance.now();
    let message;
    try {
      message = JSON.parse(text);
    } catch {
      return;
    }
    if (message.pong !== undefined) return this.compare(message);
    if (message.mode === undefined) return; // an intent that was refused: the state tells why
    if (!this.live) {
      this.live = true;
      this.onLive();
    }
    this.lastNow = { server: message.now_ms, page: this.heardAt };
    this.onState(message);
  }

  // The offset of the quickest of the latest round trips is the one to trust.
  compare(pong) {
    const sent = this.pings.get(pong.pong);
    if (sent === undefined) return;
    this.pings.delete(pong.pong);
    const trip = this.heardAt - sent;
    this.offsets.push({ trip, offset: pong.now_ms + trip / 2 - this.heardAt });
    if (this.offsets.length > SAMPLES) this.offsets.shift();
  }

  // The server's clock minus the page's, in milliseconds.
  get offset() {
    if (this.offsets.length) {
      return this.offsets.reduce((best, one) => (one.trip < best.trip ? one : best)).offset;
    }
    return this.lastNow ? this.lastNow.server - this.lastNow.page : 0;
  }

  // A moment of the server's clock on the page's (performance.now()), in milliseconds.
  toPage(serverMs) {
    return serverMs - this.offset;
  }

  send(message) {
    if (!this.live || this.socket.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  ping() {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    this.lastPing += 1;
    this.pings.set(this.lastPing, performance.now());
    this.socket.send(JSON.stringify({ ping: this.lastPing }));
  }

  watch() {
    const state = this.socket.readyState;
    const since = performance.now() - (state === WebSocket.OPEN ? this.heardAt : this.openedAt);
    if (state <= WebSocket.OPEN && since > DEAF_MS) {
      const socket = this.socket;
      this.lose(socket);
      socket.close();
    } else {
      this.ping();
    }
  }

  lose(socket) {
    if (socket !== this.socket) return;
    socket.onclose = null;
    if (this.live || this.lost === undefined) this.onLost();
    this.live = false;
    this.lost = true;
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.open(), RETRY_MS);
  }
}

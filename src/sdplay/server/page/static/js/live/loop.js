/** Live drawing: one request at a time, always of what is there when its turn comes. */

const COUNTED = 7; // pictures that the rate is worked out from

/**
 * @template R, A
 * @typedef {object} Means
 * @property {() => Promise<R | null>} make  the request as things are now; null for nothing to draw
 * @property {(request: R, signal: AbortSignal) => Promise<A>} send
 * @property {(answer: A, request: R) => void} drawn
 * @property {(error: unknown) => void} wrong
 * @property {(busy: boolean) => void} [busy]
 * @property {() => number} [now]  milliseconds
 */

/** @template R, A */
export class LiveLoop {
  /** @param {Means<R, A>} means */
  constructor(means) {
    this.means = means;
    this.now = means.now ?? (() => performance.now());
    this.wanted = false;
    this.working = false;
    this.stopped = false;
    this.aborting = new AbortController();
    /** @type {number[]} milliseconds that the last pictures took, from request to answer */
    this.times = [];
  }

  /** Something has changed: draw it, now or after the picture that is drawn. What was asked before is dropped. */
  ask() {
    this.wanted = true;
    if (!this.working && !this.stopped) void this.#work();
  }

  /** Draw nothing more. */
  stop() {
    this.stopped = true;
    this.aborting.abort();
  }

  /** Pictures a second, by the median of the last ones: one that waited for the model says nothing; 0 before the first. */
  get rate() {
    if (this.times.length === 0) return 0;
    return 1000 / [...this.times].sort((one, other) => one - other)[Math.floor((this.times.length - 1) / 2)];
  }

  async #work() {
    this.working = true;
    this.means.busy?.(true);
    while (this.wanted && !this.stopped) {
      this.wanted = false;
      try {
        await this.#drawOne();
      } catch (error) {
        if (!this.stopped) this.means.wrong(error);
      }
    }
    this.working = false;
    if (!this.stopped) this.means.busy?.(false);
  }

  async #drawOne() {
    const begun = this.now();
    const request = await this.means.make();
    if (request === null || this.stopped) return;
    const answer = await this.means.send(request, this.aborting.signal);
    if (this.stopped) return;
    this.times = [...this.times, this.now() - begun].slice(-COUNTED);
    this.means.drawn(answer, request);
  }
}

/** Questions that are asked again with every key: only the newest matters, and only once somebody pauses. */

/**
 * Ask `question` once nothing was asked for `delay` milliseconds; an answer that comes too late is left out.
 * @template T @param {number} delay @param {(what: any, signal: AbortSignal) => Promise<T>} question
 * @param {(answer: T | null, error: unknown) => void} answered
 */
export function newest(delay, question, answered) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting;
  /** @type {AbortController | undefined} */
  let asking;
  const stop = () => {
    clearTimeout(waiting);
    asking?.abort();
    asking = undefined;
  };
  /** @param {any} what */
  const ask = (what) => {
    stop();
    waiting = setTimeout(async () => {
      const mine = new AbortController();
      asking = mine;
      try {
        const answer = await question(what, mine.signal);
        if (!mine.signal.aborted) answered(answer, null);
      } catch (error) {
        if (!mine.signal.aborted) answered(null, error);
      }
    }, delay);
  };
  return { ask, stop };
}

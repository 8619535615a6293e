/** A list of jobs of one kind, page by page, that is kept as the service tells of them. */

import { api } from "../core/api.js";
import { onEvent } from "../core/events.js";
import { signal, useEffect } from "../core/html.js";
import { toastError } from "./toast.js";

const TOLD = new Set(["started", "picture", "finished", "forgotten"]);

/**
 * The list at `path`, whose answers have it under the same name. `modes` are those of its jobs, `limit` is how many a
 * page has, `soon` how many milliseconds of events are one question, and `also` what else changes it.
 * @param {{path: string, modes: string[], limit: number, soon: number, also: string[]}} kind
 */
export function jobList({ path, modes, limit, soon, also }) {
  const list = signal(/** @type {any[] | null} */ (null)); // null before it is known
  const next = signal(/** @type {string | null} */ (null));
  const isConcerned = (/** @type {{type: string, data: Record<string, any>}} */ { type, data }) => {
    if (type === "queued") return data.mode === undefined || modes.includes(data.mode);
    if (also.includes(type)) return true;
    return TOLD.has(type) && (list.value?.some((one) => one.id === data.job) ?? true);
  };
  const refresh = async () => {
    const told = await api.get(`${path}?limit=${limit}`).catch(toastError);
    if (!told) return;
    list.value = told[path];
    next.value = told.next;
  };
  const more = async () => {
    const told = await api.get(`${path}?limit=${limit}&before=${next.value}`).catch(toastError);
    if (!told) return;
    list.value = [...(list.value ?? []), ...told[path]];
    next.value = told.next;
  };
  /** Keep it up to date while a view is shown. */
  const useFollowed = () =>
    useEffect(() => {
      refresh();
      let waiting = 0;
      const stop = onEvent((event) => {
        if (!isConcerned(event)) return;
        clearTimeout(waiting);
        waiting = window.setTimeout(refresh, soon);
      });
      return () => {
        clearTimeout(waiting);
        stop();
      };
    }, []);
  return { list, next, more, useFollowed };
}

/** A grid as the service tells of it, and its pictures as they come. */
import { api } from "../core/api.js";
import { onEvent } from "../core/events.js";
import { useEffect, useState } from "../core/html.js";
import { jobs } from "../core/store.js";

const SOON = 150; // milliseconds: many events are one question
const CHANGES = new Set(["started", "finished", "queued", "forgotten"]);

/**
 * @typedef {{grid: any, job: any, pictures: ReadonlyMap<number, any>, missing: boolean}} Followed
 * `pictures` by their numbers: the API's answer, or for one that was just drawn what is known of it.
 */

/** @param {string} id @returns {Followed} */
export function useGrid(id) {
  const [grid, setGrid] = useState(/** @type {any} */ (null));
  const [pictures, setPictures] = useState(/** @type {ReadonlyMap<number, any>} */ (new Map()));
  const [missing, setMissing] = useState(false);
  useEffect(() => {
    let shown = true;
    let soon = 0;
    /** Those that came while the grid was asked for, which the answer may not know of. @type {Map<number, any>} */
    let arrived = new Map();
    const refresh = async () => {
      arrived = new Map();
      try {
        const told = await api.get(`grids/${id}`);
        if (!shown) return;
        setGrid(told);
        setPictures(new Map([...arrived, ...numbered(told.pictures)]));
      } catch {
        if (shown) setMissing(true);
      }
    };
    refresh();
    const stop = onEvent(({ type, data }) => {
      const isOurs = data.job === id;
      if (isOurs && type === "picture" && data.cells) {
        const picture = justDrawn(data);
        arrived.set(data.index, picture);
        setPictures((before) => new Map(before).set(data.index, picture));
      } else if ((isOurs && (type === "picture" || CHANGES.has(type))) || type === "reset" || type === "changed") {
        clearTimeout(soon);
        soon = window.setTimeout(refresh, SOON);
      }
    });
    return () => {
      shown = false;
      clearTimeout(soon);
      stop();
    };
  }, [id]);
  const live = jobs.value.get(id);
  return { grid, pictures, missing, job: live && grid ? { ...grid, ...live } : grid };
}

/** @param {any[]} pictures @returns {[number, any][]} */
function numbered(pictures) {
  return pictures.map((one) => [one.index, one]);
}

/** @param {Record<string, any>} data of the event */
function justDrawn({ index, picture }) {
  const url = `/api/v1/pictures/${picture}`;
  return { id: picture, index, url, file: `${url}/file`, thumbnail: `${url}/thumbnail` };
}

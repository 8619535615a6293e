/** A cell as a picture: large, with what it was made from; arrow keys go to the cells beside it. */
import { api } from "../core/api.js";
import { percent } from "../core/format.js";
import { sendTo } from "../core/handoff.js";
import { html, useEffect, useRef, useState } from "../core/html.js";
import { useKeys } from "../core/keys.js";
import { go, href } from "../core/router.js";
import { t } from "../core/words.js";
import { Button, IconButton } from "../parts/button.js";
import { Segmented } from "../parts/field.js";
import { Icon } from "../parts/icon.js";
import { toastError } from "../parts/toast.js";
import { Shown, useZoom } from "../views/gallery/canvas.js";
import { Said } from "../views/gallery/said.js";
import { nameOf } from "./cell.js";
import { fieldName, valueName } from "./names.js";
import { stateOf, stepped, valuesAt } from "./table.js";

/** Give the settings of a picture to Draw. @param {{id: number}} picture */
export async function useSettings(picture) {
  try {
    const { request } = await api.get(`pictures/${picture.id}/recipe`);
    sendTo("draw", { request });
  } catch (error) {
    toastError(error);
  }
}

/** The whole answer of a picture of which only the number may be known. @param {any} known */
function useWhole(known) {
  const [asked, setAsked] = useState(/** @type {any} */ (null));
  const id = known?.id;
  useEffect(() => {
    if (id === undefined || known.width) return;
    api.get(`pictures/${id}`).then(setAsked, toastError);
  }, [id]);
  if (known?.width) return known;
  return asked?.id === id ? asked : null;
}

/** @param {{followed: import("./follow.js").Followed, cell: number}} props */
export function Opened({ followed, cell }) {
  const { grid, pictures, job } = followed;
  const [at, setAt] = useState(0);
  const numbers = grid.cells[cell] ?? [];
  const number = numbers[Math.min(at, numbers.length - 1)];
  const picture = useWhole(pictures.get(number));
  const close = () => go(`grids/${grid.id}`);
  const walk = (/** @type {string} */ key) => {
    const next = stepped(grid, cell, key);
    if (next !== undefined && next !== cell) go(`grids/${grid.id}/${next}`, { replace: true });
  };
  const keys = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];
  useKeys("grids.cell", [
    { keys: "Escape", what: "grids.keys.close", run: close },
    ...keys.map((key) => ({ keys: key, what: "grids.keys.beside", run: () => walk(key) })),
    { keys: "[", what: "grids.keys.page_before", run: () => walk("PageUp") },
    { keys: "]", what: "grids.keys.page_after", run: () => walk("PageDown") },
    { keys: "u", what: "grids.keys.use", run: () => picture && useSettings(picture) },
  ]); // biome-ignore format: a key a line
  const root = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => root.current?.focus(), []);
  return html`<section class="grids-opened" aria-label=${nameOf(grid, cell)} ref=${root} tabindex="-1">
    <header class="grids-bar">
      <${IconButton} icon="left" label=${t("grids.keys.close")} onClick=${close} />
      <dl class="grids-at">${valuesAt(grid, cell).map(({ field, value }) => html`<div key=${field}><dt>${fieldName(field)}</dt><dd>${valueName(field, value)}</dd></div>`)}</dl>
      <span class="spread"></span>
      ${
        numbers.length > 1 &&
        html`<${Segmented} label=${t("fields.num")} hideLabel value=${Math.min(at, numbers.length - 1)} onChange=${setAt}
        options=${numbers.map((/** @type {number} */ _, /** @type {number} */ place) => ({ value: place, label: String(place + 1) }))} />`
      }
      ${
        picture &&
        html`<a class="button button-quiet button-icon" href=${`${picture.file}?download=true`} download aria-label=${t("common.download")} title=${t("common.download")}><${Icon} name="download" /></a>
        <a class="button button-plain" href=${href(`gallery/${picture.id}`)} title=${t("grids.gallery")}><${Icon} name="gallery" size=${18} /><span class="grids-wide">${t("grids.gallery")}</span></a>
        <${Button} kind="primary" icon="draw" title="U" onClick=${() => useSettings(picture)}><span class="grids-wide">${t("grids.use")}</span><span class="grids-narrow">${t("grids.use.short")}</span><//>`
      }
    </header>
    <div class="grids-opened-stage">
      ${picture ? html`<${Large} picture=${picture} name=${nameOf(grid, cell)} key=${picture.id} />` : html`<${NotYet} state=${stateOf(number, pictures, job)} job=${job} />`}
      ${keys.map((key) => html`<${Beside} key=${key} way=${key} grid=${grid} cell=${cell} onWalk=${walk} />`)}
    </div>
    ${picture && html`<${About} picture=${picture} key=${picture.id} />`}
  </section>`;
}

const ICONS = /** @type {Record<string, string>} */ ({
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
});

/** The way to a cell beside this one, where there is one. @param {{way: string, grid: any, cell: number, onWalk: (key: string) => void}} props */
function Beside({ way, grid, cell, onWalk }) {
  const next = stepped(grid, cell, way);
  if (next === undefined || next === cell) return null;
  const name = ICONS[way] ?? "right";
  return html`<${IconButton} icon=${name} class=${`grids-beside grids-beside-${name}`} label=${nameOf(grid, next)} onClick=${() => onWalk(way)} />`;
}

/** @param {{picture: any, name: string}} props */
function Large({ picture, name }) {
  const zoom = useZoom({ width: picture.width, height: picture.height }, picture.id);
  return html`<${Shown} picture=${picture} zoom=${zoom} alt=${`${picture.prompt} (${name})`} /><span class="gallery-scale grids-scale" aria-hidden="true">${percent(zoom.scale)}</span>`;
}

/** @param {{state: string, job: any}} props */
function NotYet({ state, job }) {
  const emerges = state === "drawing" && job.preview && job.progress?.indices?.length === 1;
  return html`<div class="grids-not-yet" role="status">${emerges && html`<img src=${job.preview} alt="" />`}<p>${t(`grids.cell.${state}`)}</p></div>`;
}

/** @param {{picture: any}} props */
function About({ picture }) {
  const [told, setTold] = useState(/** @type {any} */ (null));
  useEffect(() => {
    api.get(`pictures/${picture.id}/recipe`).then(setTold, toastError);
  }, [picture.id]);
  return html`<aside class="grids-about" aria-label=${t("gallery.info")}>${told && html`<${Said} told=${told} size=${`${picture.width} × ${picture.height}`} />`}</aside>`;
}

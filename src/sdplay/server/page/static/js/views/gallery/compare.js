/** Two pictures beside each other, behind a slider, one after the other, or what differs between them. */
import { api } from "../../core/api.js";
import { number, percent } from "../../core/format.js";
import { html, useEffect, useRef, useState } from "../../core/html.js";
import { useKeys } from "../../core/keys.js";
import { t } from "../../core/words.js";
import { Button, IconButton } from "../../parts/button.js";
import { Segmented } from "../../parts/field.js";
import { useZoom } from "./canvas.js";
import { differenceOf } from "./difference.js";
import { back, Missing, whyMissing } from "./missing.js";

const MODES = ["side", "slider", "blink", "difference"];
const BLINK = 650; // milliseconds

/** @param {{first: number, second: number}} props */
export function Compare({ first, second }) {
  const [pair, setPair] = useState(/** @type {any[]} */ ([]));
  const [error, setError] = useState("");
  useEffect(() => {
    const asked = [first, second].map((id) => api.get(`pictures/${id}`));
    Promise.all(asked).then(setPair, (why) => setError(whyMissing(why)));
  }, [first, second]);
  if (error) return html`<${Missing} why=${error} />`;
  return pair.length ? html`<${Compared} pair=${pair} />` : html`<div class="gallery-detail"></div>`;
}

/** @param {{pair: any[]}} props */
function Compared({ pair }) {
  const [mode, setMode] = useState("side");
  const [isSwapped, setSwapped] = useState(false);
  const [shows, setShows] = useState(0);
  const [share, setShare] = useState(50);
  const [left, right] = isSwapped ? [pair[1], pair[0]] : pair;
  const zoom = useZoom({ width: left.width, height: left.height }, `${left.id}-${mode}`);
  useKeys("gallery.compare", [
    { keys: "m", what: "gallery.keys.mode", run: () => setMode((now) => /** @type {string} */ (MODES[(MODES.indexOf(now) + 1) % MODES.length])) },
    { keys: "c", what: "gallery.keys.swap", run: () => setSwapped((now) => !now) },
    { keys: "Space", what: "gallery.keys.flip", run: () => setShows((now) => 1 - now) },
    { keys: "z", what: "gallery.keys.zoom", run: () => zoom.actual() },
    { keys: "Escape", what: "gallery.keys.back", run: back },
  ]); // biome-ignore format: a key a line
  useEffect(() => {
    if (mode !== "blink" || matchMedia("(prefers-reduced-motion: reduce)").matches) return undefined;
    const timer = setInterval(() => setShows((now) => 1 - now), BLINK);
    return () => clearInterval(timer);
  }, [mode]);
  const modes = MODES.map((value) => ({ value, label: t(`gallery.compare.${value}`) }));
  return html`<section class="gallery-detail gallery-compare" aria-label=${t("gallery.compare")}>
    <header class="gallery-detail-bar">
      <${IconButton} icon="left" label=${t("gallery.back")} onClick=${back} />
      <${Segmented} label=${t("gallery.compare.mode")} hideLabel options=${modes} value=${mode} onChange=${setMode} />
      <span class="spread"></span>
      <${IconButton} icon=${zoom.isFitted ? "zoomin" : "fit"} label=${t(zoom.isFitted ? "gallery.actual" : "gallery.fit")} onClick=${() => zoom.actual()} />
      <${Button} icon="swap" onClick=${() => setSwapped(!isSwapped)}>${t("gallery.compare.swap")}<//>
    </header>
    ${
      mode === "side"
        ? html`<div class="gallery-beside">
          <${Half} picture=${left} zoom=${zoom} leads=${true} /><${Half} picture=${right} zoom=${zoom} leads=${false} />
        </div>`
        : html`<div class="gallery-detail-stage"><div class=${`gallery-stage gallery-stage-${mode}`} ref=${zoom.view} ...${zoom.handlers}>
          <${Layer} picture=${left} like=${left} zoom=${zoom} hidden=${mode === "blink" && shows === 1} />
          <${Layer} picture=${right} like=${left} zoom=${zoom} hidden=${mode === "blink" && shows === 0} above=${mode} share=${share} />
          ${mode === "slider" && html`<${Slider} share=${share} onChange=${setShare} />`}
          ${mode === "blink" && html`<span class="gallery-which">${nameOf(shows ? right : left)}</span>`}
        </div></div>`
    }
    <footer class="gallery-compare-foot">
      ${mode === "difference" ? html`<${Apart} left=${left} right=${right} />` : html`<span>${nameOf(left)}</span><span>${nameOf(right)}</span>`}
    </footer>
  </section>`;
}

/** @param {any} picture */
const nameOf = (picture) => `${picture.prompt || picture.name} · ${t("fields.seed")} ${picture.seed}`;

/** @param {{picture: any, zoom: ReturnType<typeof useZoom>, leads: boolean}} props */
function Half({ picture, zoom, leads }) {
  return html`<div class="gallery-stage" ref=${leads ? zoom.view : undefined} ...${zoom.handlers}><${Layer} picture=${picture} like=${picture} zoom=${zoom} /></div>`;
}

/** @param {{picture: any, like: any, zoom: ReturnType<typeof useZoom>, hidden?: boolean, above?: string, share?: number}} props */
function Layer({ picture, zoom, hidden, above, share }) {
  const style = {
    ...zoom.style,
    ...(above === "slider" ? { clipPath: `inset(0 0 0 ${share}%)` } : {}),
    ...(above === "difference" ? { mixBlendMode: "difference" } : {}),
    ...(hidden ? { visibility: "hidden" } : {}),
  };
  return html`<img class="gallery-large" src=${picture.file} alt=${nameOf(picture)} draggable=${false} style=${style} />`;
}

/** The line between the two, dragged or moved by the arrows. @param {{share: number, onChange: (share: number) => void}} props */
function Slider({ share, onChange }) {
  return html`<input type="range" class="gallery-divider" min="0" max="100" step="0.5" value=${share} style=${{ "--share": `${share}%` }}
    aria-label=${t("gallery.compare.slider")} onInput=${(/** @type {any} */ event) => onChange(Number(event.currentTarget.value))} />`;
}

/** How far apart the two are, in numbers. @param {{left: any, right: any}} props */
function Apart({ left, right }) {
  const [found, setFound] = useState(/** @type {any} */ (null));
  const wanted = useRef("");
  useEffect(() => {
    const key = `${left.id} ${right.id}`;
    wanted.current = key;
    setFound(null);
    differenceOf(left, right).then(
      (told) => wanted.current === key && setFound(told),
      () => setFound({}),
    );
  }, [left.id, right.id]);
  if (!found) return html`<span class="muted">${t("gallery.compare.counting")}</span>`;
  if (found.pixels === undefined) return html`<span class="muted">${t("gallery.compare.sizes")}</span>`;
  if (found.pixels === 0) return html`<strong>${t("gallery.compare.equal")}</strong>`;
  const values = { share: percent(found.pixels / found.total), count: number(found.pixels), most: found.most };
  return html`<span>${t("gallery.compare.apart", values)}</span>`;
}

/** ControlNet: a picture whose shapes are followed, and what of it the ControlNet reads. */
import { address, api } from "../../core/api.js";
import { html, useEffect, useState } from "../../core/html.js";
import { models } from "../../core/store.js";
import { t } from "../../core/words.js";
import { IconButton } from "../../parts/button.js";
import { Drop } from "../../parts/drop.js";
import { NumberSlider, Segmented, Select, Switch } from "../../parts/field.js";
import { toastError } from "../../parts/toast.js";
import { Fold } from "./fold.js";
import { problems, request } from "./foresee.js";
import { change, settings } from "./settings.js";

const PAUSE = 250; // milliseconds
const STEEPEST = 600; // what the sliders reach; more can be typed

/** @param {any} fields */
function set(fields) {
  change({ control: { ...settings.value.control, ...fields } });
}

/** Take a picture to follow. @param {Blob} file */
export async function followPicture(file) {
  try {
    set({ image: await api.upload(file), on: true });
  } catch (error) {
    toastError(error);
  }
}

export function ControlFold() {
  const { control } = settings.value;
  const wrong = problems.value;
  const networks = models.value.controlnet;
  const about = control.on && control.image ? (control.network ?? t("draw.on")) : t("draw.off");
  return html`<${Fold} name="control" title="ControlNet" about=${about}>
    ${
      control.image
        ? html`<${Switch} label=${t("draw.control.on")} value=${control.on} onChange=${(/** @type {boolean} */ on) => set({ on })} />
        <${Pair} />
        <${Select} label=${t("fields.controlnet")} value=${control.network} error=${wrong.controlnet}
          options=${[{ value: null, label: t("draw.control.own") }, ...networks.map((/** @type {string} */ value) => ({ value, label: value }))]} onChange=${(/** @type {any} */ network) => set({ network })} />
        <${NumberSlider} label=${t("fields.control_scale")} value=${control.scale} min=${0} max=${2} step=${0.05} typedMax=${10} error=${wrong.control_scale} onChange=${(/** @type {any} */ scale) => set({ scale: scale ?? 1 })} />
        <${Segmented} label=${t("fields.control_preprocessor")} value=${control.preprocessor} onChange=${(/** @type {any} */ preprocessor) => set({ preprocessor })}
          options=${["auto", "canny", "none"].map((value) => ({ value, label: t(`draw.control.${value}`) }))} />
        ${
          control.preprocessor !== "none" &&
          html`
          <${NumberSlider} label=${t("fields.canny_low")} value=${control.low} min=${0} max=${STEEPEST} step=${5} typedMax=${2040} onChange=${(/** @type {any} */ low) => set({ low: low ?? 100 })} />
          <${NumberSlider} label=${t("fields.canny_high")} value=${control.high} min=${0} max=${STEEPEST} step=${5} typedMax=${2040} onChange=${(/** @type {any} */ high) => set({ high: high ?? 200 })} />`
        }
        <${NumberSlider} label=${t("fields.control_start")} value=${control.start} min=${0} max=${1} step=${0.05} error=${wrong.control_start} onChange=${(/** @type {any} */ start) => set({ start: start ?? 0 })} />
        <${NumberSlider} label=${t("fields.control_end")} value=${control.end} min=${0} max=${1} step=${0.05} error=${wrong.control_end} onChange=${(/** @type {any} */ end) => set({ end: end ?? 1 })} />`
        : html`<p class="field-hint">${t("draw.control.hint")}</p>
        <${Drop} label=${t("draw.control.drop")} hint=${t("draw.control.formats")} onFiles=${(/** @type {File[]} */ files) => followPicture(/** @type {File} */ (files[0]))} />`
    }
    ${wrong.control_image && html`<p class="field-error" role="alert">${wrong.control_image}</p>`}
  <//>`;
}

/** The picture, and beside it what is read of it. */
function Pair() {
  const { image } = settings.value.control;
  const map = useMap();
  return html`<div class="draw-control-pair">
    <figure><img src=${address(`uploads/${image.id}/thumbnail`)} alt=${t("draw.control.image")} /><figcaption>${t("draw.control.image")}</figcaption></figure>
    <figure>${map ? html`<img src=${map} alt=${t("draw.control.map")} class="draw-control-map" />` : html`<div class="draw-control-blank"></div>`}<figcaption>${t("draw.control.map")}</figcaption></figure>
    <${IconButton} small icon="close" kind="plain" class="draw-control-remove" label=${t("draw.control.remove")} onClick=${() => set({ image: null, on: false })} />
  </div>`;
}

/** The address of the map that would be read, asked for again when what makes it changes. */
function useMap() {
  const [map, setMap] = useState(/** @type {string | null} */ (null));
  const { control } = settings.value;
  /** @type {Record<string, any>} */
  const wanted = {
    ...request.value,
    control_image: control.image.id,
    control_preprocessor: control.preprocessor,
    canny_low: control.low,
    canny_high: control.high,
  };
  const key = JSON.stringify([
    wanted.control_image,
    wanted.width,
    wanted.height,
    wanted.model,
    control.network,
    control.preprocessor,
    control.low,
    control.high,
  ]);
  useEffect(() => {
    const asking = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const asked = { method: "POST", headers: { "Content-Type": "application/json" }, signal: asking.signal };
        const answer = await fetch(address("control_map"), {
          ...asked,
          body: JSON.stringify({ ...wanted, prompt: wanted.prompt || "-" }),
        });
        setMap(answer.ok ? URL.createObjectURL(await answer.blob()) : null);
      } catch {
        // given up for a newer one
      }
    }, PAUSE);
    return () => {
      clearTimeout(timer);
      asking.abort();
    };
  }, [key]);
  useEffect(() => () => URL.revokeObjectURL(map ?? ""), [map]);
  return map;
}

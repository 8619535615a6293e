/** The canvas: paint over a picture, say what shall be there, accept what comes. */

import { pngOf } from "../../canvas/pixels.js";
import { percent } from "../../core/format.js";
import { blobOf, takeFor, waitsFor } from "../../core/handoff.js";
import { html, useEffect, useState } from "../../core/html.js";
import { useKeys } from "../../core/keys.js";
import { jobs } from "../../core/store.js";
import { t } from "../../core/words.js";
import { IconButton } from "../../parts/button.js";
import { confirm, Dialog } from "../../parts/dialog.js";
import { useDrop } from "../../parts/drop.js";
import { Menu } from "../../parts/menu.js";
import { toastError } from "../../parts/toast.js";
import { ExplainDialog } from "../../prompts/explain.js";
import { canvasKeys } from "./canvaskeys.js";
import { Dock } from "./dock.js";
import { fitIn, zoomBy } from "./easel.js";
import { foresight } from "./foresee.js";
import { LiveInset, live } from "./liveinset.js";
import { Options } from "./options.js";
import { CompareSlider, EdgeHandles } from "./overlays.js";
import { DrawButton, Panel, ShortPrompt } from "./panel.js";
import {
  candidates,
  close,
  frameOf,
  loaded,
  open,
  openGiven,
  refreshRound,
  restore,
  round,
  save,
  saveSoon,
} from "./session.js";
import { easel, settings } from "./settings.js";
import { StageView } from "./stage.js";
import { Start } from "./start.js";
import { Toolbar } from "./toolbar.js";
import { Versions } from "./versions.js";

const ZOOM = 1.25;
const COMPARED = 0.5;

export function CanvasView() {
  const drop = useDrop((files) => open(files[0]), { paste: true });
  useSession();
  useKeys("canvas", canvasKeys());
  const view = easel.work.value === null ? Start : Work;
  return html`<div class=${`canvas ${drop.active ? "canvas-over" : ""}`} ...${drop.handlers}>
    ${loaded.value && html`<${view} />`}
  </div>`;
}

function Work() {
  const [sheet, setSheet] = useState(false);
  return html`<div class="canvas-work">
      <${Options} easel=${easel} />
      <${Toolbar} easel=${easel}><${Versions} /><//>
      <${StageView} easel=${easel} label=${t("canvas.stage")}>
        <${EdgeHandles} easel=${easel} />
        <${CompareSlider} easel=${easel} />
        <${Zoom} />
        <div class="canvas-corner">
          <${IconButton} icon="live" pressed=${live.value} label=${t("canvas.live")} title=${t("canvas.live.about")} onClick=${toggleLive} />
          <${Toolbox} />
        </div>
        ${live.value && easel.shown.value === null && html`<${LiveInset} onClose=${toggleLive} />`}
      <//>
      <${Dock} />
      <div class="canvas-bar"><${ShortPrompt} /><${DrawButton} /><${IconButton} kind="plain" icon="sliders" label=${t("canvas.settings")} onClick=${() => setSheet(true)} /></div>
    </div>
    <aside class="canvas-side"><${Panel} /></aside>
    <${Dialog} open=${sheet} title=${t("canvas.settings")} onClose=${() => setSheet(false)} class="canvas-sheet"><${Panel} /><//>
    <${ExplainDialog} foresight=${foresight} />`;
}

function toggleLive() {
  live.value = !live.value;
}

/** What is done with the picture as a whole. */
function Toolbox() {
  const download = async () => {
    const document = easel.work.peek();
    if (document === null) return;
    const link = window.document.createElement("a");
    link.href = URL.createObjectURL(await pngOf(document.picture));
    link.download = "canvas.png";
    link.click();
    URL.revokeObjectURL(link.href);
  };
  const leave = async () => {
    if (
      await confirm({
        title: t("canvas.close"),
        text: t("canvas.close.about"),
        yes: t("canvas.close.yes"),
        danger: true,
      })
    )
      close();
  };
  return html`<${Menu} label=${t("common.more")} items=${[
    { label: t("canvas.download"), icon: "download", run: download },
    { label: t("canvas.close"), icon: "close", run: leave },
  ]} />`;
}

function Zoom() {
  const scale = percent(easel.viewport.value.scale);
  return html`<div class="zoom">
    <${IconButton} small icon="minus" label=${t("canvas.zoom.out")} onClick=${() => zoomBy(easel, 1 / ZOOM)} />
    <button type="button" class="zoom-scale" title=${`${t("canvas.zoom.fit")} (0)`} aria-label=${`${t("canvas.zoom.fit")}: ${scale}`} onClick=${() => fitIn(easel)}>${scale}</button>
    <${IconButton} small icon="plus" label=${t("canvas.zoom.in")} onClick=${() => zoomBy(easel, ZOOM)} />
  </div>`;
}

/** Everything that goes on while the view is shown. */
function useSession() {
  useEffect(() => {
    restore().then(takeGiven);
    addEventListener("pagehide", save);
    return () => {
      removeEventListener("pagehide", save);
      save();
    };
  }, []);
  const waits = waitsFor("canvas");
  useEffect(() => {
    if (loaded.peek() && waits) takeGiven();
  }, [waits]);
  useEffect(saveSoon, [easel.steps.value]);
  useEffect(() => foresight.follow(), []);
  const { only_masked, padding, mask_blur, mask_grow, width, height, model } = settings.value;
  useEffect(() => {
    easel.edge.value = { blur: mask_blur, grow: mask_grow };
    easel.frame.value = framed();
  }, [only_masked, padding, mask_blur, mask_grow, width, height, model, easel.steps.value]);
  const job = jobs.value.get(round.value.job);
  useEffect(() => {
    if (job) refreshRound();
  }, [job?.state, job?.done]);
  useShown();
}

/** The frame is worked out once for each step: it blurs the whole mask. */
function framed() {
  /** @type {ReturnType<typeof frameOf> | undefined} */
  let frame;
  return (/** @type {import("../../canvas/document.js").CanvasDocument} */ document) => {
    frame ??= frameOf(document);
    return frame;
  };
}

function takeGiven() {
  const given = takeFor("canvas");
  if (given) openGiven(given);
}

/** Lay the chosen picture over the base. */
function useShown() {
  const picture = candidates.value[round.value.chosen];
  useEffect(() => {
    let left = false;
    const before = easel.shown.peek();
    if (!picture) easel.shown.value = null;
    else {
      blobOf({ picture })
        .then((blob) => createImageBitmap(blob))
        .then((file) => {
          if (!left) easel.shown.value = { file, compare: before?.compare ?? COMPARED };
        })
        .catch(toastError);
    }
    return () => {
      left = true;
    };
  }, [picture?.id]);
}

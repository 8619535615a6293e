/** An animation as a timeline, with the moves of its camera playing beside it. */
import { api } from "../core/api.js";
import { blobOf, takeFor } from "../core/handoff.js";
import { html, useEffect, useMemo } from "../core/html.js";
import { useKeys } from "../core/keys.js";
import { t } from "../core/words.js";
import { IconButton } from "../parts/button.js";
import { Segmented } from "../parts/field.js";
import { WEIGHT_KEYS } from "../prompts/field.js";
import {
  animateRequest,
  base,
  blocks,
  canRedo,
  canUndo,
  change,
  edited,
  followCurves,
  fps,
  frameCount,
  freshAnimation,
  mode,
  open,
  playhead,
  redo,
  replaceAll,
  seek,
  setRange,
  undo as undoStep,
} from "./animatestate.js";
import { FilmBar, FilmOutlook } from "./bar.js";
import { addKey } from "./curvelane.js";
import { Outlook } from "./draw.js";
import { editFilm } from "./edit.js";
import { cutHere, Inspector } from "./inspector.js";
import { Monitor } from "./monitor.js";
import { followMotion, playing, restartClock } from "./motion.js";
import { addBlock } from "./promptlane.js";
import { toggleSound } from "./sound.js";
import { followSound } from "./soundstate.js";
import { AddLane, Timeline } from "./timeline.js";
import { zoomBy, zoomToFit } from "./view.js";

const KINDS = ["deforum", "config", "json"];

export function AnimateEditor() {
  const outlook = useMemo(
    () => new Outlook(() => (blocks.value.some((one) => one.prompt.trim()) ? animateRequest() : null)),
    [],
  );
  useEffect(() => {
    takeFirstPicture();
    const stops = [outlook.follow(), followCurves(), followMotion(), followSound()];
    playing.value = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    return () => {
      for (const stop of stops) stop();
    };
  }, []);
  useAnimateKeys();
  const problems = outlook.error.value?.problems ?? [];
  const modes = [
    { value: "2D", label: "2D", title: t("films.mode.2D") },
    { value: "3D", label: "3D", title: t("films.mode.3D") },
    { value: "Video Input", label: t("films.clip"), title: t("films.mode.clip") },
  ];
  const undo = html`<${IconButton} icon="undo" label=${t("common.undo")} disabled=${!canUndo.value} onClick=${undoStep} />
    <${IconButton} icon="redo" label=${t("films.redo")} disabled=${!canRedo.value} onClick=${redo} />`;
  return html`<div class="films-editor films-animate">
    <${FilmBar} title=${t("films.animation")} outlook=${outlook} request=${animateRequest} kinds=${KINDS} undo=${undo}
      range=${edited.value.range} onRange=${setRange} base=${base.value} onNew=${() => replaceAll(freshAnimation())}
      onRead=${editFilm} onDrawn=${(/** @type {any} */ job) => {
        base.value = job.id;
      }}>
      <${Segmented} label=${t("films.camera")} hideLabel=${true} class="films-modes" value=${mode.value} options=${modes}
        onChange=${(/** @type {string} */ animation_mode) => change({ animation_mode })} />
    <//>
    <div class="films-above">
      <${Monitor} />
      <${Inspector} problems=${problems} />
    </div>
    <div class="films-below-bar"><${FilmOutlook} outlook=${outlook} frames=${frameCount.value} fps=${fps.value} /><span class="spread"></span><${AddLane} /><${RangeTools} /></div>
    <${Timeline} />
  </div>`;
}

/** The part of the film that alone is drawn: from here, up to here. */
function RangeTools() {
  const last = frameCount.value - 1;
  const [first, end] = edited.value.range ?? [0, last];
  return html`<div class="films-range-tools">
    <${IconButton} small icon="first" class="films-turn" label=${t("films.range.in")} onClick=${() => setRange([playhead.peek(), end])} />
    <span class="small muted">${t("films.range.only")}</span>
    <${IconButton} small icon="first" class="films-turn-back" label=${t("films.range.out")} onClick=${() => setRange([first, playhead.peek()])} />
  </div>`;
}

/** A picture that another view gave to begin with. */
async function takeFirstPicture() {
  const given = takeFor("films/new/animate") ?? takeFor("films");
  if (!given) return;
  change({ init_image: (await api.upload(await blobOf(given))).id });
}

function useAnimateKeys() {
  const step = (/** @type {number} */ by) => {
    seek(playhead.peek() + by);
    restartClock();
  };
  useKeys("films", [
    { keys: "Ctrl+Enter", what: "films.keys.run", run: () => /** @type {HTMLElement | null} */ (document.querySelector(".films-draw"))?.click() },
    ...WEIGHT_KEYS,
    { keys: "Space", what: "films.keys.play", run: () => { playing.value = !playing.value; } },
    { keys: "m", what: "films.keys.mute", run: toggleSound },
    { keys: "ArrowLeft", what: "films.back", run: () => step(-1) },
    { keys: "ArrowRight", what: "films.forward", run: () => step(1) },
    { keys: "Shift+ArrowLeft", what: "films.keys.back10", run: () => step(-10) },
    { keys: "Shift+ArrowRight", what: "films.keys.forward10", run: () => step(10) },
    { keys: "Home", what: "films.to.start", run: () => step(-1e9) },
    ...["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"].map((keys) => ({ keys, what: "films.keys.point" })),
    { keys: "Delete", what: "films.keys.remove" },
    { keys: "k", what: "films.keys.key", run: () => addKey(open.peek(), playhead.peek()) },
    { keys: "p", what: "films.block.add", run: () => addBlock(playhead.peek()) },
    { keys: "x", what: "films.cut", run: cutHere },
    { keys: "i", what: "films.range.in", run: () => setRange([playhead.peek(), edited.peek().range?.[1] ?? frameCount.peek() - 1]) },
    { keys: "o", what: "films.range.out", run: () => setRange([edited.peek().range?.[0] ?? 0, playhead.peek()]) },
    { keys: "+", what: "films.zoom.in", run: () => zoomBy(1.4) },
    { keys: "-", what: "films.zoom.out", run: () => zoomBy(0.7) },
    { keys: "0", what: "films.zoom.fit", run: zoomToFit },
    { keys: "Ctrl+z", what: "common.undo", run: undoStep },
    { keys: "Ctrl+Shift+z", what: "films.redo", run: redo },
    { keys: "Ctrl+y", what: "films.redo", run: redo },
  ]); // biome-ignore format: a key a line
}

/** Pictures from words. */

import { takeFor, waitsFor } from "../core/handoff.js";
import { html, useEffect } from "../core/html.js";
import { useKeys } from "../core/keys.js";
import { t } from "../core/words.js";
import { useDrop } from "../parts/drop.js";
import { EXPLAIN_KEY, ExplainDialog } from "../prompts/explain.js";
import { PROMPT_KEYS } from "../prompts/field.js";
import { cancelJob, recall } from "./draw/actions.js";
import { Composer } from "./draw/composer.js";
import { followPicture } from "./draw/control.js";
import { foresight } from "./draw/foresee.js";
import { queueIt } from "./draw/queue.js";
import { change, settings, settingsOf } from "./draw/settings.js";
import { emerging, picture, walk } from "./draw/shown.js";
import { Stage } from "./draw/stage.js";
import { openRead } from "./gallery/read.js";

export function DrawView() {
  useEffect(() => foresight.follow(), []);
  useGiven();
  useDrawKeys();
  const drop = useDrop((files) => openRead(files[0]), { paste: true });
  return html`<div class=${`draw ${drop.active ? "draw-dropping" : ""}`} ...${drop.handlers} data-drop=${t("gallery.read.drop")}>
    <${Stage} /><${Composer} /><${ExplainDialog} foresight=${foresight} />
  </div>`;
}

/** Take what other views have sent: settings to draw with, or a picture to follow. */
function useGiven() {
  const waits = waitsFor("draw");
  useEffect(() => {
    const given = takeFor("draw");
    if (given?.request) change(settingsOf(given.request, settings.value));
    if (given?.blob) followPicture(given.blob);
    if (given?.picture) fetch(given.picture.file).then(async (answer) => followPicture(await answer.blob()));
  }, [waits]);
}

function useDrawKeys() {
  const shown = () => picture.value;
  const withPicture = (/** @type {(one: any) => any} */ act) => () => {
    const one = shown();
    if (one) act(one);
  };
  useKeys("draw", [
    { keys: "Ctrl+Enter", what: "draw.keys.queue", run: () => void queueIt() },
    { keys: "Ctrl+Shift+Enter", what: "draw.keys.first", run: () => void queueIt({ first: true }) },
    ...PROMPT_KEYS,
    EXPLAIN_KEY,
    { keys: "Alt+c", what: "draw.cancel", run: () => { if (emerging.value) cancelJob(emerging.value.id); } },
    { keys: "/", what: "draw.keys.prompt", run: () => document.getElementById("draw-prompt")?.focus() },
    { keys: "ArrowLeft", what: "draw.newer", run: () => walk(-1) },
    { keys: "ArrowRight", what: "draw.older", run: () => walk(1) },
    { keys: "a", what: "draw.keys.all", run: withPicture((one) => recall(one, "all")) },
    { keys: "p", what: "draw.keys.words", run: withPicture((one) => recall(one, "prompt")) },
    { keys: "s", what: "draw.keys.seed", run: withPicture((one) => recall(one, "seed")) },
    { keys: "d", what: "draw.keys.size", run: withPicture((one) => recall(one, "size")) },
    { keys: "r", what: "draw.keys.remix", run: withPicture((one) => recall(one, "remix")) },
  ]); // biome-ignore format: a key a line
}

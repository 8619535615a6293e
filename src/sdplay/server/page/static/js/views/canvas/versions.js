/** What was accepted so far: each can be gone back to. */

/** @import { CanvasDocument } from "../../canvas/document.js" */
import { imageDataOf, shrunk } from "../../canvas/pixels.js";
import { html, useEffect, useRef, useState } from "../../core/html.js";
import { t } from "../../core/words.js";
import { IconButton } from "../../parts/button.js";
import { Dialog } from "../../parts/dialog.js";
import { fitIn, stepped } from "./easel.js";
import { leaveRound } from "./session.js";
import { easel } from "./settings.js";

const SIDE = 160;

/**
 * The base pictures in the order in which they came, and how many steps are done when each has just come.
 * @param {CanvasDocument} document @returns {{ id: string, done: number }[]}
 */
export function versionsOf({ history, base, bases }) {
  const found = history.steps.flatMap((step, index) => {
    if (step.state === null || step.state.before.base === step.state.after.base) return [];
    return [{ before: step.state.before.base, id: step.state.after.base, done: index + 1 }];
  });
  const first = found[0]?.before ?? base.id;
  return [{ id: first, done: 0 }, ...found].filter(({ id }) => bases.has(id));
}

export function Versions() {
  const [open, setOpen] = useState(false);
  void easel.steps.value;
  const document = easel.work.value;
  const versions = document === null ? [] : versionsOf(document);
  if (document === null || versions.length < 2) return null;
  const go = (/** @type {number} */ done) => {
    leaveRound();
    document.goTo(done);
    stepped(easel);
    fitIn(easel);
    setOpen(false);
  };
  return html`<${IconButton} icon="clock" label=${t("canvas.versions")} onClick=${() => setOpen(true)} />
    <${Dialog} open=${open} wide title=${t("canvas.versions")} onClose=${() => setOpen(false)}>
      <ol class="canvas-versions">${versions.map(
        ({ id, done }, index) =>
          html`<li key=${id}><${Version} document=${document} id=${id} number=${index + 1} onOpen=${() => go(done)} /></li>`,
      )}</ol>
    <//>`;
}

/** @param {{ document: CanvasDocument, id: string, number: number, onOpen: () => void }} props */
function Version({ document, id, number, onOpen }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  useEffect(() => {
    const base = document.bases.get(id);
    if (base === undefined || canvas.current === null) return;
    const small = shrunk(base.raster, SIDE);
    canvas.current.width = small.width;
    canvas.current.height = small.height;
    canvas.current.getContext("2d")?.putImageData(imageDataOf(small), 0, 0);
  }, [id]);
  const current = document.base.id === id;
  return html`<button type="button" class="canvas-version" aria-current=${current ? "true" : undefined} onClick=${onOpen}>
    <canvas ref=${canvas} role="presentation"></canvas><span>${t("canvas.version", { number })}</span></button>`;
}

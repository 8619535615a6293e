/** Where the picture lies: painted on, moved, zoomed, and compared with what came of it. */

/** @import { Easel } from "./easel.js" */
import { html, useEffect, useRef } from "../../core/html.js";
import { t } from "../../core/words.js";
import { Stage } from "./stagework.js";

/** @param {{ easel: Easel, label: string, children?: any }} props */
export function StageView({ easel, label, children }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const stage = useRef(/** @type {Stage | null} */ (null));
  useEffect(() => {
    const made = new Stage(easel, /** @type {HTMLCanvasElement} */ (canvas.current));
    stage.current = made;
    easel.screen.value = { width: 0, height: 0 };
    const onKey = (/** @type {KeyboardEvent} */ event) => made.key(event);
    const onWheel = (/** @type {WheelEvent} */ event) => made.wheel(event);
    const watch = new ResizeObserver(() => made.resize());
    watch.observe(made.canvas);
    made.canvas.addEventListener("wheel", onWheel, { passive: false });
    addEventListener("keydown", onKey);
    addEventListener("keyup", onKey);
    return () => {
      watch.disconnect();
      made.canvas.removeEventListener("wheel", onWheel);
      removeEventListener("keydown", onKey);
      removeEventListener("keyup", onKey);
    };
  }, [easel]);
  const work = easel.work.value;
  useEffect(() => (work === null ? undefined : stage.current?.follow(work)), [work]);
  useEffect(() => stage.current?.maskSoon(), [easel.edge.value]);
  const seen = [easel.viewport.value, easel.tool.value, easel.shown.value, easel.frame.value, easel.steps.value];
  useEffect(() => stage.current?.ask(), seen);
  const tool = easel.tool.value.name;
  return html`<div class="stage">
    <canvas ref=${canvas} class=${`stage-canvas stage-${easel.shown.value ? "result" : tool}`} aria-label=${label} role="img"
      onPointerDown=${(/** @type {PointerEvent} */ event) => stage.current?.down(event)}
      onPointerMove=${(/** @type {PointerEvent} */ event) => stage.current?.move(event)}
      onPointerUp=${(/** @type {PointerEvent} */ event) => stage.current?.hands.up(event.pointerId)}
      onPointerCancel=${(/** @type {PointerEvent} */ event) => stage.current?.hands.cancel(event.pointerId)}
      onPointerLeave=${() => {
        if (stage.current) stage.current.pointer = null;
        stage.current?.ask();
      }}
      onContextMenu=${(/** @type {Event} */ event) => event.preventDefault()}>${t("canvas.stage.about")}</canvas>
    ${children}
  </div>`;
}

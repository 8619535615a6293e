/** The words of an animation as blocks on their lane. */
import { html } from "../core/html.js";
import { t } from "../core/words.js";
import { IconButton } from "../parts/button.js";
import {
  blocks,
  curves,
  frameCount,
  playhead,
  seek,
  selected as selection,
  setBlocks,
  settle,
} from "./animatestate.js";
import { movedBlock, withBlock, withoutBlock } from "./prompts.js";
import { dragging, frameAt, length, pointerX, scale } from "./view.js";

export function PromptLane() {
  const all = blocks.value;
  const problem = curves.value?.problems.find((/** @type {any} */ one) => one.field === "animation_prompts");
  return html`<div class=${`films-lane films-words ${problem && all.some((one) => one.prompt) ? "films-lane-wrong" : ""}`}>
    <div class="films-lane-head">
      <span class="films-lane-name"><span>${t("films.words")}</span></span>
      <div class="films-lane-tools"><${IconButton} small icon="plus" label=${t("films.block.add")} onClick=${() => addBlock(playhead.peek())} /></div>
    </div>
    <div class="films-words-line" style=${{ width: `${length.value}px` }} onDblClick=${(/** @type {MouseEvent} */ event) => addBlock(frameAt(pointerX(event, /** @type {Element} */ (event.currentTarget)), event.altKey))}>
      ${all.map((block, place) => html`<${Block} key=${place} block=${block} place=${place} next=${all[place + 1]?.frame} />`)}
    </div>
  </div>`;
}

/** Other words from `frame` on. @param {number} frame */
export function addBlock(frame) {
  const made = withBlock(blocks.peek(), frame);
  setBlocks(made.blocks);
  selection.value = { block: made.place };
}

/** @param {{block: import("./prompts.js").Block, place: number, next?: number}} props */
function Block({ block, place, next }) {
  const end = next === undefined ? length.value : next * scale.value - 2;
  const chosen = selection.value;
  const selected = chosen !== null && "block" in chosen && chosen.block === place;
  const style = {
    transform: `translateX(${block.frame * scale.value}px)`,
    width: `${Math.max(end - block.frame * scale.value, 6)}px`,
  };
  const move = (/** @type {PointerEvent} */ event) => {
    event.stopPropagation();
    const lane = /** @type {Element} */ (/** @type {Element} */ (event.currentTarget).closest(".films-words-line"));
    const to = (/** @type {PointerEvent} */ at) => {
      const frame = frameAt(pointerX(at, lane), at.altKey);
      setBlocks(movedBlock(blocks.peek(), place, frame, frameCount.peek() - 1), `block ${place}`);
    };
    dragging(event, to, settle);
  };
  const select = () => {
    selection.value = { block: place };
    seek(block.frame);
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Delete" || event.key === "Backspace") {
      setBlocks(withoutBlock(blocks.peek(), place));
      selection.value = null;
    } else if (step) {
      const frame = block.frame + step * (event.shiftKey ? 10 : 1);
      setBlocks(movedBlock(blocks.peek(), place, frame, frameCount.peek() - 1), `keys block ${place}`);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<div class=${`films-block ${selected ? "films-block-selected" : ""} ${block.prompt ? "" : "films-block-empty"}`} style=${style}>
    ${place > 0 && html`<span class="films-block-edge" onPointerDown=${move} aria-hidden="true"></span>`}
    <button type="button" class="films-block-words" aria-pressed=${selected} aria-label=${t("films.block", { frame: block.frame, words: block.prompt || t("films.block.empty") })}
      onClick=${select} onKeyDown=${onKeyDown}><span>${block.prompt || t("films.block.empty")}</span></button>
  </div>`;
}

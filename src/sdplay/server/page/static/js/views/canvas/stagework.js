/** What the stage does with pointers, wheel and keys, and when it shows what. */

import { inpaintMasks } from "../../canvas/frame.js";
/** @import { CanvasDocument } from "../../canvas/document.js" */
/** @import { Gesture } from "../../canvas/tools.js" */
/** @import { Point } from "../../canvas/rect.js" */
/** @import { Finger } from "../../canvas/hands.js" */
/** @import { Easel } from "./easel.js" */
import { Hands } from "../../canvas/hands.js";
import { maskOrigin, Painter } from "../../canvas/painter.js";
import { begin, writeColour } from "../../canvas/tools.js";
import { toPicture, zoom } from "../../canvas/viewport.js";
import { isTyping } from "../../core/keys.js";
import { choose, fitIn, lookAt, stepped } from "./easel.js";

const WHEEL = 0.0015; // zoom for a unit of the wheel
const SOON = 40; // milliseconds after a stroke until the mask is shown as it will be used

/** Everything that a stage does, without markup: it lives as long as its canvas element. */
export class Stage {
  /** @param {Easel} easel @param {HTMLCanvasElement} canvas */
  constructor(easel, canvas) {
    this.easel = easel;
    this.canvas = canvas;
    this.painter = new Painter(canvas);
    /** @type {Gesture | null} */
    this.gesture = null;
    /** @type {Point | null} of the screen */
    this.pointer = null;
    this.space = false;
    this.asked = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.later = undefined;
    this.alt = false;
    this.hands = new Hands({
      begin: (finger, erase) => this.#begin(finger, erase),
      go: (fingers) => this.#go(fingers),
      end: () => this.#end(),
      giveUp: () => this.#giveUp(),
      move: (view) => lookAt(easel, view),
      view: () => easel.viewport.peek(),
      pans: () => this.space || easel.tool.peek().name === "hand",
    });
  }

  /** Show it at the next frame. */
  ask() {
    this.asked ||= requestAnimationFrame(() => {
      this.asked = 0;
      this.#show();
    });
  }

  #show() {
    const { easel } = this;
    const document = easel.work.peek();
    if (document === null) return;
    const tool = easel.tool.peek();
    const shown = easel.shown.peek();
    const viewport = easel.viewport.peek();
    const round = tool.name === "brush" || tool.name === "eraser";
    const seen = this.pointer !== null && !this.space && shown === null && round;
    this.painter.show(document, {
      viewport,
      result: shown?.file ?? null,
      compare: shown?.compare ?? 0,
      mask: easel.masks && shown === null,
      frame: easel.frame.peek()?.(document) ?? null,
      outline: this.gesture?.outline() ?? [],
      brush: seen
        ? { at: toPicture(viewport, /** @type {Point} */ (this.pointer)), radius: tool[tool.layer].size / 2 }
        : null,
    });
  }

  /** Follow a document. @param {CanvasDocument} document @returns {() => void} to stop */
  follow(document) {
    const { easel } = this;
    this.painter.take(document);
    this.maskSoon(0);
    return document.listen(({ layer, rect }) => {
      if (layer === "all") this.painter.take(document);
      else if (layer === "paint") this.painter.update(document, layer, rect);
      else if (this.gesture === null) this.maskSoon();
      else this.painter.update(document, layer, rect);
      if (layer === "all") this.maskSoon(0);
      if (layer === "all" && easel.fitted) fitIn(easel);
      this.ask();
    });
  }

  /** Show the mask as it will be used, once there is time for it. */
  maskSoon(wait = SOON) {
    clearTimeout(this.later);
    this.later = setTimeout(() => this.#showUsedMask(), wait);
  }

  #showUsedMask() {
    const document = this.easel.work.peek();
    if (document === null || !this.easel.masks || this.gesture !== null) return;
    const { blur, grow } = document.hasMask ? this.easel.edge.peek() : { blur: this.easel.edge.peek().blur, grow: 0 };
    const { paste } = inpaintMasks(document.mask, { invert: false, grow, blur }, document.borders);
    this.painter.showMask(paste, maskOrigin(document.borders));
    this.ask();
  }

  /** @param {Finger} finger @param {boolean} erase */
  #begin(finger, erase) {
    const { easel } = this;
    const document = easel.work.peek();
    if (document === null || easel.shown.peek() !== null) return;
    const at = this.#touch(finger);
    if (this.picks) return this.#pick(document, at);
    if (easel.tool.peek().layer === "mask") this.painter.showMask(document.mask, { x: 0, y: 0 });
    this.gesture = begin(document, easel.tool.peek(), at, erase);
    this.ask();
  }

  /** Whether Alt is held: a colour is taken from the picture. */
  get picks() {
    return this.alt && this.easel.tool.peek().layer === "paint";
  }

  /** @param {CanvasDocument} document @param {Point} at */
  #pick(document, at) {
    const { width, height } = document.size;
    const x = Math.min(width - 1, Math.max(0, Math.floor(at.x)));
    const y = Math.min(height - 1, Math.max(0, Math.floor(at.y)));
    const from = (y * width + x) * 4;
    choose(this.easel, { colour: writeColour(document.picture.data.subarray(from, from + 3)) });
  }

  /** @param {readonly Finger[]} fingers */
  #go(fingers) {
    for (const finger of fingers) this.gesture?.to(this.#touch(finger));
    this.ask();
  }

  #end() {
    const { gesture } = this;
    if (gesture === null) return;
    gesture.end();
    this.gesture = null;
    this.maskSoon();
    stepped(this.easel);
  }

  #giveUp() {
    this.gesture?.giveUp();
    this.gesture = null;
    this.maskSoon();
    this.ask();
  }

  /** @param {Finger} finger */
  #touch(finger) {
    const pressure = finger.type === "pen" && finger.pressure > 0 ? finger.pressure : 1;
    return { ...toPicture(this.easel.viewport.peek(), finger), pressure };
  }

  /** @param {PointerEvent} event @returns {Finger} */
  finger(event) {
    const { left, top } = this.canvas.getBoundingClientRect();
    const place = { x: event.clientX - left, y: event.clientY - top };
    const { pointerId, pointerType, pressure, button, buttons } = event;
    return { id: pointerId, type: pointerType, ...place, pressure, button, buttons };
  }

  /** @param {PointerEvent} event */
  down(event) {
    this.alt = event.altKey;
    this.canvas.setPointerCapture(event.pointerId);
    /** @type {HTMLElement | null} */ (document.activeElement)?.blur();
    this.hands.down(this.finger(event));
    event.preventDefault();
  }

  /** @param {PointerEvent} event */
  move(event) {
    const finger = this.finger(event);
    this.pointer = event.pointerType === "touch" ? null : finger;
    const passed = event.getCoalescedEvents?.() ?? [];
    this.hands.move(finger, passed.length > 0 ? passed.map((one) => this.finger(one)) : [finger]);
    this.ask();
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    event.preventDefault();
    const { left, top } = this.canvas.getBoundingClientRect();
    const at = { x: event.clientX - left, y: event.clientY - top };
    const unit = event.deltaMode === 1 ? 24 : 1; // lines or pixels
    const fine = event.ctrlKey ? 6 : 1; // a pinch on a touch pad comes in small numbers
    lookAt(this.easel, zoom(this.easel.viewport.peek(), Math.exp(-event.deltaY * unit * fine * WHEEL), at));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.key !== " " || isTyping(event.target) || event.target instanceof HTMLButtonElement) return;
    this.space = event.type === "keydown";
    this.canvas.classList.toggle("stage-pans", this.space);
    event.preventDefault();
    this.ask();
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const before = this.easel.screen.peek();
    this.canvas.width = Math.round(width * devicePixelRatio);
    this.canvas.height = Math.round(height * devicePixelRatio);
    this.easel.screen.value = { width, height };
    const { viewport } = this.easel;
    if (before.width === 0 || this.easel.fitted) fitIn(this.easel);
    else {
      const { scale, x, y } = viewport.peek();
      viewport.value = { scale, x: x + (width - before.width) / 2, y: y + (height - before.height) / 2 };
    }
    this.#show();
  }
}

/** What pointers mean: a stroke with one, moving and zooming with two, the space bar or the middle button. */

/** @import { Point } from "./rect.js" */
/** @import { Viewport } from "./viewport.js" */
import { pan, pinch } from "./viewport.js";

/** @typedef {{ id: number, type: string, x: number, y: number, pressure: number, button: number, buttons: number }} Finger  screen pixels */

/**
 * @typedef {object} Means  what is done by hand
 * @property {(finger: Finger, erase: boolean) => void} begin
 * @property {(fingers: readonly Finger[]) => void} go  with all touches since the last
 * @property {() => void} end
 * @property {() => void} giveUp  a stroke in the making
 * @property {(view: Viewport) => void} move
 * @property {() => Viewport} view
 * @property {() => boolean} pans  whether the hand is chosen, or the space bar is held
 */

const MIDDLE = 1;
const RIGHT = 2;
const ERASER = 5; // the button that the other end of a pen is

export class Hands {
  /** @param {Means} means */
  constructor(means) {
    this.means = means;
    /** @type {Map<number, Finger>} */
    this.fingers = new Map();
    /** @type {"nothing" | "stroke" | "pan" | "pinch"} */
    this.doing = "nothing";
    /** Whether a pen was seen: then fingers move the picture, and a palm draws nothing. */
    this.pen = false;
  }

  /** @param {Finger} finger */
  down(finger) {
    if (finger.type === "pen") this.pen = true;
    this.fingers.set(finger.id, finger);
    if (this.fingers.size === 2) {
      if (this.doing === "stroke") this.means.giveUp();
      this.doing = "pinch";
    } else if (this.fingers.size === 1) {
      this.doing = this.#pans(finger) ? "pan" : finger.button === RIGHT ? "nothing" : "stroke";
      if (this.doing === "stroke") this.means.begin(finger, finger.button === ERASER);
    }
  }

  /** @param {Finger} finger */
  #pans(finger) {
    return finger.button === MIDDLE || this.means.pans() || (this.pen && finger.type === "touch");
  }

  /** A pointer moves; `passed` are its places since the last time. @param {Finger} finger @param {readonly Finger[]} passed */
  move(finger, passed) {
    const before = this.fingers.get(finger.id);
    if (before === undefined) return;
    if (this.doing === "stroke") this.means.go(passed);
    else if (this.doing === "pan") this.means.move(pan(this.means.view(), finger.x - before.x, finger.y - before.y));
    else if (this.doing === "pinch") this.#pinch(finger);
    this.fingers.set(finger.id, finger);
  }

  /** @param {Finger} finger */
  #pinch(finger) {
    const pair = [...this.fingers.values()].slice(0, 2);
    const after = pair.map((one) => (one.id === finger.id ? finger : one));
    this.means.move(pinch(this.means.view(), asPair(pair), asPair(after)));
  }

  /** @param {number} id */
  up(id) {
    if (!this.fingers.delete(id)) return;
    if (this.doing === "stroke") this.means.end();
    if (this.fingers.size === 0) this.doing = "nothing";
    else if (this.doing === "pinch") this.doing = "pan";
  }

  /** The browser takes a pointer away. @param {number} id */
  cancel(id) {
    if (!this.fingers.delete(id)) return;
    if (this.doing === "stroke") this.means.giveUp();
    this.doing = this.fingers.size === 0 ? "nothing" : this.doing;
  }
}

/** @param {readonly Finger[]} fingers @returns {[Point, Point]} */
function asPair(fingers) {
  return [fingers[0], fingers[1] ?? fingers[0]];
}

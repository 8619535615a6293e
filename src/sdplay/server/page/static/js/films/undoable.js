/** What is edited, with undo and redo, as signals. */
import { computed, signal } from "../core/html.js";
import { begun, redone, settled, stepped, undone } from "./history.js";

/** @template T */
export class Undoable {
  /** @param {T} first */
  constructor(first) {
    const history = signal(begun(first));
    this.now = computed(() => history.value.now);
    this.canUndo = computed(() => history.value.past.length > 0);
    this.canRedo = computed(() => history.value.future.length > 0);
    /** Steps with the same label are undone at once. @type {(now: T, label?: string) => void} */
    this.write = (now, label) => {
      history.value = stepped(history.peek(), now, label);
    };
    /** What was dragged is let go of. */
    this.settle = () => {
      history.value = settled(history.peek());
    };
    this.undo = () => {
      history.value = undone(history.peek());
    };
    this.redo = () => {
      history.value = redone(history.peek());
    };
  }
}

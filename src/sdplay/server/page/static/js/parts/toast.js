/** Short words at the edge of the page that go away by themselves. */

/** @import { Problem } from "../core/api.js" */
import { ApiError } from "../core/api.js";
import { html, signal } from "../core/html.js";
import { toldOf } from "../core/told.js";
import { t } from "../core/words.js";
import { Button, IconButton } from "./button.js";
import { Icon } from "./icon.js";
import { Told } from "./told.js";

/**
 * @typedef {{kind?: "info" | "ok" | "error", problems?: Partial<Problem>[], action?: {label: string, run: () => void},
 *   seconds?: number}} Options
 * `problems` are shown in place of the text.
 */

const SHOWN = 6; // seconds
const MOST_PROBLEMS = 3;
const shown = signal(/** @type {(Options & {id: number, text: string})[]} */ ([]));
let last = 0;

/** Say something; errors stay until they are closed. @param {string} text @param {Options} [options] */
export function toast(text, options = {}) {
  last += 1;
  const id = last;
  const others = shown.value.filter((one) => one.text !== text).slice(-3);
  shown.value = [...others, { ...options, id, text }];
  const seconds = options.seconds ?? (options.kind === "error" ? 0 : SHOWN);
  if (seconds) setTimeout(() => dismiss(id), seconds * 1000);
}

/** @param {number} id */
function dismiss(id) {
  shown.value = shown.value.filter((one) => one.id !== id);
}

/** Say what went wrong, whatever it was. @param {unknown} error */
export function toastError(error) {
  const isTold = error instanceof ApiError && !error.unreachable;
  toast(sentence(error), { kind: "error", problems: isTold ? error.problems.slice(0, MOST_PROBLEMS) : undefined });
}

/** Take back that the service does not answer: it does. */
export function toastReached() {
  shown.value = shown.value.filter((one) => one.text !== t("common.unreachable"));
}

/** An error in words. @param {unknown} error @returns {string} */
export function sentence(error) {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  if (error.unreachable) return t("common.unreachable");
  const { title, detail } = toldOf(error);
  return [title, detail].filter(Boolean).join(" ");
}

/** Where they are shown; the shell has one. */
export function Toasts() {
  const icons = { info: "info", ok: "check", error: "warning" };
  return html`<div class="toasts" role="status" aria-live="polite">
    ${shown.value.map(
      (one) => html`<div class=${`toast toast-${one.kind ?? "info"}`} key=${one.id}>
      <${Icon} name=${icons[one.kind ?? "info"]} />
      <span class="toast-text">${one.problems ? one.problems.map((problem) => html`<${Told} problem=${problem} />`) : one.text}</span>
      ${
        one.action &&
        html`<${Button} small onClick=${() => {
          dismiss(one.id);
          one.action?.run();
        }}>${one.action.label}<//>`
      }
      <${IconButton} small icon="close" label=${t("common.close")} onClick=${() => dismiss(one.id)} />
    </div>`,
    )}
  </div>`;
}

/** Short words at the edge of the page that go away by themselves. */
import { ApiError } from "../core/api.js";
import { html, signal } from "../core/html.js";
import { has, t } from "../core/words.js";
import { Button, IconButton } from "./button.js";
import { Icon } from "./icon.js";

/** @typedef {{kind?: "info" | "ok" | "error", action?: {label: string, run: () => void}, seconds?: number}} Options */

const SHOWN = 6; // seconds
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
  toast(sentence(error), { kind: "error" });
}

/** An error in words. @param {unknown} error @returns {string} */
export function sentence(error) {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  if (error.unreachable) return t("common.unreachable");
  const at =
    error.field && has(`fields.${error.field}`)
      ? `${t(`fields.${error.field}`)}: `
      : error.field
        ? `${error.field}: `
        : "";
  return `${at}${error.message}${error.hint ? `. ${error.hint}` : ""}`;
}

/** Where they are shown; the shell has one. */
export function Toasts() {
  const icons = { info: "info", ok: "check", error: "warning" };
  return html`<div class="toasts" role="status" aria-live="polite">
    ${shown.value.map(
      (one) => html`<div class=${`toast toast-${one.kind ?? "info"}`} key=${one.id}>
      <${Icon} name=${icons[one.kind ?? "info"]} />
      <span class="toast-text">${one.text}</span>
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

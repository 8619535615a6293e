/** Dialogs in front of the page, and questions that are answered in one. */
import { html, signal, useEffect, useId, useRef, useState } from "../core/html.js";
import { t } from "../core/words.js";
import { Button, IconButton } from "./button.js";

/**
 * A dialog; on phones a sheet from below. `side: true` puts it at the right edge, as a drawer.
 * @param {{open: boolean, title: string, onClose: () => void, children?: any, footer?: any, wide?: boolean, side?: boolean, class?: string}} props
 */
export function Dialog({ open, title, onClose, children, footer, wide, side, class: extra = "" }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    if (open && element && !element.open) element.showModal();
    if (!open && element?.open) element.close();
  }, [open]);
  if (!open) return null;
  const kind = [wide ? "dialog-wide" : "", side ? "dialog-side" : "", extra].join(" ");
  const outside = (/** @type {any} */ event) => event.target === dialog.current && onClose();
  return html`<dialog ref=${dialog} class=${`dialog ${kind}`} aria-labelledby=${id} onClose=${onClose} onPointerDown=${outside}>
    <div class="dialog-inside">
      <header class="dialog-head">
        <h2 id=${id}>${title}</h2>
        <${IconButton} icon="close" label=${t("common.close")} onClick=${onClose} />
      </header>
      <div class="dialog-body">${children}</div>
      ${footer && html`<footer class="dialog-foot">${footer}</footer>`}
    </div>
  </dialog>`;
}

/** @typedef {{title: string, text?: string, yes: string, danger?: boolean, input?: {label: string, value: string}, answer: (value: any) => void}} Question */

const asking = signal(/** @type {Question | null} */ (null));

/**
 * Ask before something that cannot be undone. @param {{title: string, text?: string, yes: string, danger?: boolean}} question
 * @returns {Promise<boolean>}
 */
export function confirm(question) {
  return new Promise((answer) => {
    asking.value = { ...question, answer: (value) => answer(Boolean(value)) };
  });
}

/**
 * Ask for a line of text; null where nobody answers. @param {{title: string, text?: string, yes: string, label: string, value?: string}} question
 * @returns {Promise<string | null>}
 */
export function ask({ label, value = "", ...question }) {
  return new Promise((answer) => {
    asking.value = { ...question, input: { label, value }, answer: (said) => answer(said === false ? null : said) };
  });
}

/** Where `confirm` and `ask` are shown; the shell has one. */
export function Questions() {
  const question = asking.value;
  if (!question) return null;
  return html`<${OneQuestion} question=${question} key=${question.title} />`;
}

/** @param {{question: Question}} props */
function OneQuestion({ question }) {
  const [typed, setTyped] = useState(question.input?.value ?? "");
  const close = (/** @type {any} */ value) => {
    if (asking.peek() !== question) return;
    asking.value = null;
    question.answer(value);
  };
  const yes = () => close(question.input ? typed : true);
  const footer = html`<${Button} onClick=${() => close(false)}>${t("common.cancel")}<//>
    <${Button} kind=${question.danger ? "danger" : "primary"} onClick=${yes} autofocus>${question.yes}<//>`;
  return html`<${Dialog} open=${true} title=${question.title} onClose=${() => close(false)} footer=${footer}>
    ${question.text && html`<p>${question.text}</p>`}
    ${
      question.input &&
      html`<label class="field"><span class="field-label">${question.input.label}</span>
      <input class="input" value=${typed} onInput=${(/** @type {any} */ e) => setTyped(e.currentTarget.value)}
        onKeyDown=${(/** @type {any} */ e) => e.key === "Enter" && yes()} /></label>`
    }
  <//>`;
}

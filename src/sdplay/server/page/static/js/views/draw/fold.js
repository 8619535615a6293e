/** A part of the panel that can be folded; it stays as it was left. */
import { draft } from "../../core/drafts.js";
import { html } from "../../core/html.js";
import { Icon } from "../../parts/icon.js";

const open = draft("draw.folds", /** @type {any} */ (null));

/** @param {{name: string, title: string, about?: any, children?: any, onOpen?: () => void}} props `about` says in a few words what is set, while it is folded */
export function Fold({ name, title, about, children, onOpen }) {
  const isOpen = Boolean(open.value?.[name]);
  const onToggle = (/** @type {any} */ event) => {
    const now = event.currentTarget.open;
    if (now === isOpen) return;
    open.value = { ...open.value, [name]: now };
    if (now) onOpen?.();
  };
  return html`<details class="fold draw-fold" open=${isOpen} onToggle=${onToggle}>
    <summary><${Icon} name="right" size=${16} class="fold-arrow" /><span>${title}</span><span class="fold-about">${about}</span></summary>
    ${isOpen && html`<div class="fold-body">${children}</div>`}
  </details>`;
}

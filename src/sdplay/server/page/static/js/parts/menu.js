/** A menu that opens from a button. */
import { html, useEffect, useId, useRef, useState } from "../core/html.js";
import { Button, IconButton } from "./button.js";
import { Icon } from "./icon.js";

/** @typedef {{label: string, icon?: string, run: () => void, danger?: boolean, disabled?: boolean, checked?: boolean, lang?: string}} Item */

/**
 * @param {{label: string, icon?: string, items: (Item | null | false | undefined)[], text?: any, kind?: string, small?: boolean, class?: string}} props
 * `text` is shown on the button; without it the button is its icon.
 */
export function Menu({ label, icon = "more", items, text, kind, small, class: extra = "" }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const root = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    if (!open) return undefined;
    const buttons = () => /** @type {NodeListOf<HTMLElement>} */ (root.current?.querySelectorAll("[role^=menuitem]"));
    buttons()?.[0]?.focus();
    const outside = (/** @type {Event} */ event) => {
      if (!root.current?.contains(/** @type {Node} */ (event.target))) setOpen(false);
    };
    addEventListener("pointerdown", outside, true);
    return () => removeEventListener("pointerdown", outside, true);
  }, [open]);
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (!open) return;
    const all = /** @type {HTMLElement[]} */ ([
      ...(root.current?.querySelectorAll("[role^=menuitem]:not(:disabled)") ?? []),
    ]);
    const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    if (event.key === "Escape") close();
    else if (event.key === "ArrowDown") all[(at + 1) % all.length]?.focus();
    else if (event.key === "ArrowUp") all[(at - 1 + all.length) % all.length]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const close = () => {
    setOpen(false);
    /** @type {HTMLElement | null} */ (root.current?.querySelector("button"))?.focus();
  };
  const shared = {
    "aria-haspopup": "menu", "aria-expanded": open, "aria-controls": id, kind, small,
    onClick: () => setOpen(!open),
  }; // biome-ignore format: these belong together
  return html`<span class=${`menu ${extra}`} ref=${root} onKeyDown=${onKeyDown}>
    ${text ? html`<${Button} icon=${icon} title=${label} ...${shared}>${text}<//>` : html`<${IconButton} icon=${icon} label=${label} ...${shared} />`}
    ${
      open &&
      html`<div class="menu-list" role="menu" id=${id} aria-label=${label}>
      ${items.map(
        (item) =>
          item &&
          html`<button type="button" role=${item.checked === undefined ? "menuitem" : "menuitemradio"} aria-checked=${item.checked} lang=${item.lang}
        class=${`menu-item ${item.danger ? "menu-danger" : ""}`} disabled=${item.disabled}
        onClick=${() => {
          close();
          item.run();
        }}>
        ${item.icon ? html`<${Icon} name=${item.icon} size=${18} />` : html`<span class="menu-blank"></span>`}<span>${item.label}</span>
        ${item.checked && html`<${Icon} name="check" size=${16} class="menu-check" />`}
      </button>`,
      )}
    </div>`
    }
  </span>`;
}

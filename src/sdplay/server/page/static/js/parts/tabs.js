/** Tabs: one of a few panels. */
import { html } from "../core/html.js";

/** @param {{label: string, tabs: {id: string, label: any}[], value: string, onChange: (id: string) => void, class?: string}} props */
export function Tabs({ label, tabs, value, onChange, class: extra = "" }) {
  const onKeyDown = (/** @type {any} */ event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[/** @type {string} */ (event.key)];
    if (!step) return;
    event.preventDefault();
    const at = tabs.findIndex((tab) => tab.id === value);
    const next = (at + step + tabs.length) % tabs.length;
    onChange(/** @type {any} */ (tabs[next]).id);
    event.currentTarget.children[next]?.focus();
  };
  return html`<div class=${`tabs ${extra}`} role="tablist" aria-label=${label} onKeyDown=${onKeyDown}>
    ${tabs.map(
      (tab) => html`<button type="button" role="tab" class="tab" aria-selected=${tab.id === value}
      tabindex=${tab.id === value ? 0 : -1} onClick=${() => onChange(tab.id)}>${tab.label}</button>`,
    )}
  </div>`;
}

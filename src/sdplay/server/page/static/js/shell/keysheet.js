/** The sheet of all keys that do something just now. */
import { html, signal } from "../core/html.js";
import { groups } from "../core/keys.js";
import { has, t } from "../core/words.js";
import { Dialog } from "../parts/dialog.js";

export const sheetOpen = signal(false);

const SIGNS = {
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  Enter: "↵",
  Escape: "Esc",
  Delete: "Del",
  Space: "␣",
};

/** @param {string} keys */
function signs(keys) {
  const parts = keys === "+" ? ["+"] : keys.split("+");
  return parts.map((part) => {
    const words = has(`keys.${part}`) ? t(`keys.${part}`) : part;
    return /** @type {Record<string, string>} */ (SIGNS)[part] ?? (words.length === 1 ? words.toUpperCase() : words);
  });
}

export function KeySheet() {
  return html`<${Dialog} open=${sheetOpen.value} title=${t("shell.keys")} wide onClose=${() => {
    sheetOpen.value = false;
  }}>
    <div class="shell-keys">
      ${groups.value.map(
        (group) => html`<section>
        <h3>${t(`views.${group.view}`)}</h3>
        <ul>${group.keys.map((key) => html`<li><span>${t(key.what)}</span><span>${signs(key.keys).map((one) => html`<kbd>${one}</kbd>`)}</span></li>`)}</ul>
      </section>`,
      )}
    </div>
    <p class="muted small">${t("shell.programs")} <a href="/api/v1/docs">/api/v1/docs</a></p>
  <//>`;
}

/** The sheet of all keys that do something just now. */
import { html, signal } from "../core/html.js";
import { groups } from "../core/keys.js";
import { has, t } from "../core/words.js";
import { Dialog } from "../parts/dialog.js";

export const sheetOpen = signal(false);

const MOST = 4; // keys for one thing

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

/** What keys do, each with the keys that do it; of many the first and the last. @param {import("../core/keys.js").Key[]} keys */
function together(keys) {
  /** @type {Map<string, string[]>} */
  const found = new Map();
  for (const key of keys) found.set(key.what, [...(found.get(key.what) ?? []), key.keys]);
  return [...found].map(
    ([what, all]) =>
      /** @type {const} */ ([what, all.length > MOST ? [...all.slice(0, MOST - 1), ...all.slice(-1)] : all]),
  );
}

export function KeySheet() {
  return html`<${Dialog} open=${sheetOpen.value} title=${t("shell.keys")} wide onClose=${() => {
    sheetOpen.value = false;
  }}>
    <div class="shell-keys">
      ${groups.value.map(
        (group) => html`<section>
        <h3>${t(`views.${group.view}`)}</h3>
        <ul>${together(group.keys).map(([what, keys]) => html`<li><span>${t(what)}</span><span>${keys.map((one, at) => html`${at > 0 && " "}${signs(one).map((sign) => html`<kbd>${sign}</kbd>`)}`)}</span></li>`)}</ul>
      </section>`,
      )}
    </div>
    <p class="muted small">${t("shell.programs")} <a href="/api/v1/docs">/api/v1/docs</a></p>
  <//>`;
}

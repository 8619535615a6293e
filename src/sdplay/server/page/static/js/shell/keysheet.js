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

/** What keys do, each with the signs of the keys that do it. @param {import("../core/keys.js").Key[]} keys */
function together(keys) {
  /** @type {Map<string, string[]>} */
  const found = new Map();
  for (const key of keys) found.set(key.what, [...(found.get(key.what) ?? []), key.keys]);
  return [...found].map(([what, all]) => /** @type {const} */ ([what, signsOfAll(all)]));
}

/** Of several keys with the same "Shift+" before them, that once. @param {string[]} all */
function signsOfAll(all) {
  const shared = all.length > 1 ? (all[0]?.match(/^.+\+(?=.)/)?.[0] ?? "") : "";
  if (!shared || !all.every((keys) => keys.startsWith(shared))) return all.flatMap(signs);
  return [...signs(shared.slice(0, -1)), ...all.flatMap((keys) => signs(keys.slice(shared.length)))];
}

export function KeySheet() {
  return html`<${Dialog} open=${sheetOpen.value} title=${t("shell.keys")} wide onClose=${() => {
    sheetOpen.value = false;
  }}>
    <div class="shell-keys">
      ${groups.value.map(
        (group) => html`<section>
        <h3>${t(`views.${group.view}`)}</h3>
        <ul>${together(group.keys).map(([what, keys]) => html`<li><span>${t(what)}</span><span>${keys.map((sign) => html`<kbd>${sign}</kbd>`)}</span></li>`)}</ul>
      </section>`,
      )}
    </div>
    <p class="muted small">${t("shell.programs")} <a href="/api/v1/docs">/api/v1/docs</a></p>
  <//>`;
}

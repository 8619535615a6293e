/** Dark, light, or as the system has it. The server reads the cookie, so that nothing flashes. */
import { html, signal } from "../core/html.js";
import { t } from "../core/words.js";
import { Menu } from "../parts/menu.js";

/** @typedef {"auto" | "light" | "dark"} Theme */

const ICONS = { auto: "auto", light: "sun", dark: "moon" };

/** @returns {Theme} */
function now() {
  const set = typeof document === "undefined" ? undefined : document.documentElement.dataset.theme;
  return set === "light" || set === "dark" ? set : "auto";
}

export const theme = signal(now());

/** @param {Theme} name */
export function setTheme(name) {
  theme.value = name;
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  document.cookie = `sdplay_theme=${name}; path=/; max-age=31536000; samesite=strict`;
}

export function ThemeMenu() {
  const items = /** @type {Theme[]} */ (["auto", "light", "dark"]).map((name) => ({
    label: t(`shell.theme.${name}`),
    icon: ICONS[name],
    checked: theme.value === name,
    run: () => setTheme(name),
  }));
  return html`<${Menu} label=${t("shell.theme")} icon=${ICONS[theme.value]} kind="quiet" items=${items} />`;
}

/** Styles of the styles file that are on, as chips. */
import { html } from "../core/html.js";
import { t } from "../core/words.js";
import { IconButton } from "../parts/button.js";
import { Menu } from "../parts/menu.js";
import { promptWords } from "./sources.js";

/** @param {{chosen: string[], error?: string, onChange: (names: string[]) => void}} props */
export function StyleChips({ chosen, error, onChange }) {
  const free = promptWords.value.styles.map((one) => one.name).filter((name) => !chosen.includes(name));
  if (!chosen.length && !free.length) return null;
  return html`<div class="prompt-styles">
    ${chosen.map(
      (name) => html`<span class="prompt-style" key=${name}>${name}
      <${IconButton} small icon="close" label=${t("draw.style.remove", { name })} onClick=${() => onChange(chosen.filter((one) => one !== name))} /></span>`,
    )}
    ${
      free.length > 0 &&
      html`<${Menu} label=${t("draw.style.add")} icon="plus" text=${t("draw.style.add")} kind="quiet" small class="prompt-add"
      items=${free.map((name) => ({ label: name, run: () => onChange([...chosen, name]) }))} />`
    }
    ${error && html`<p class="field-error" role="alert">${error}</p>`}
  </div>`;
}

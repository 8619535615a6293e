/** The language of the page, chosen by its own name: whoever reads none of the others finds it. */
import { html } from "../core/html.js";
import { language, languages, ownName, speak, t } from "../core/words.js";
import { Menu } from "../parts/menu.js";

export function LanguageMenu() {
  const items = languages.map((name) => ({
    label: ownName(name),
    lang: name,
    checked: name === language,
    run: () => speak(name),
  }));
  return html`<${Menu} label=${t("shell.language")} icon="globe" kind="quiet" items=${items} />`;
}

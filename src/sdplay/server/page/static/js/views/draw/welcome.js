/** What is shown before anything was drawn: an example, and three things to try. */
import { html } from "../../core/html.js";
import { t } from "../../core/words.js";
import { Icon } from "../../parts/icon.js";
import { queueIt } from "./queue.js";
import { change } from "./settings.js";

/** One click draws. @param {string} prompt */
function attempt(prompt) {
  change({ prompt });
  queueIt();
}

/** One of the four pictures that come with the page in one file. @param {{at: number, label?: string}} props */
function Sprite({ at, label }) {
  return html`<span class="draw-sprite" style=${{ "--at": at }} role=${label ? "img" : undefined} aria-label=${label} aria-hidden=${label ? undefined : "true"}></span>`;
}

export function Welcome() {
  return html`<div class="draw-welcome">
    <figure class="draw-example">
      <${Sprite} at=${0} label=${t("draw.example.prompt")} />
      <figcaption><${Icon} name="sparkle" size=${16} /><span>${t("common.quoted", { words: t("draw.example.prompt") })}</span><span class="muted">${t("draw.example.about")}</span></figcaption>
    </figure>
    <h2>${t("draw.welcome")}</h2>
    <p class="muted">${t("draw.welcome.text")}</p>
    <div class="draw-suggestions">
      ${[1, 2, 3].map((number) => {
        const words = t(`draw.suggestion.${number}`);
        return html`<button type="button" class="draw-suggestion" key=${number} onClick=${() => attempt(words)}><${Sprite} at=${number} />${words}</button>`;
      })}
    </div>
  </div>`;
}

/** In place of a picture that cannot be shown: why, and the way back. */
import { html } from "../../core/html.js";
import { go } from "../../core/router.js";
import { t } from "../../core/words.js";
import { Button } from "../../parts/button.js";
import { sentence } from "../../parts/toast.js";
import { addressOf } from "./filter.js";
import { filter } from "./list.js";

const NO_NUMBER = [404, 422]; // an address that was typed, or a picture that has gone

/** @param {any} error @returns {string} */
export function whyMissing(error) {
  return NO_NUMBER.includes(error?.status) ? t("problems.not-found") : sentence(error);
}

/** @param {{why: string}} props */
export function Missing({ why }) {
  return html`<div class="gallery-detail"><div class="gallery-missing"><p class="note note-error">${why}</p><${Button} onClick=${back}>${t("gallery.back")}<//></div></div>`;
}

/** To the pictures as they were looked at. */
export const back = () => go(`gallery${addressOf(filter.value)}`);

/** The mark of the page: an apple, its first picture. */
import { html } from "../core/html.js";

/** @param {{size?: number}} props */
export function Brand({ size = 30 }) {
  return html`<svg width=${size} height=${size} viewBox="0 0 32 32" aria-hidden="true">
    <path fill="var(--accent)" d="M16 9.5c2.6-2.4 11-2.6 11 6.3C27 23 22 29 19 29c-1.3 0-1.9-.7-3-.7s-1.7.7-3 .7C10 29 5 23 5 15.8c0-8.9 8.4-8.7 11-6.3z" />
    <path fill="var(--ok)" d="M16 8.5c0-3.6 2.3-6 6-6 0 3.6-2.3 6-6 6z" />
  </svg>`;
}

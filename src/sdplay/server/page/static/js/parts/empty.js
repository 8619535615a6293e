/** What is shown where there is nothing yet: what would be here, and what to do. */
import { html } from "../core/html.js";
import { Icon } from "./icon.js";

/** @param {{icon?: string, title: string, text?: any, children?: any}} props */
export function Empty({ icon = "image", title, text, children }) {
  return html`<div class="empty">
    <span class="empty-icon"><${Icon} name=${icon} size=${32} /></span>
    <h2>${title}</h2>
    ${text && html`<p>${text}</p>`}
    ${children && html`<div class="empty-more">${children}</div>`}
  </div>`;
}

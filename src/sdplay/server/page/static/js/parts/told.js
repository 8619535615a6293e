/** Something that went wrong, as it is shown: what to do stands out, the service's own English is beside it. */

/** @import { Problem } from "../core/api.js" */
import { html } from "../core/html.js";
import { toldOf } from "../core/told.js";

/** @param {{problem: Partial<Problem>}} props */
export function Told({ problem }) {
  const { title, detail } = toldOf(problem);
  return html`<span class="told">${title && html`<strong>${title}</strong> `}<span lang="en" dir="auto">${detail}</span></span>`;
}

/** Pictures from words. */
import { html } from "../core/html.js";
import { href } from "../core/router.js";
import { recent } from "../core/store.js";
import { Tile } from "../parts/tile.js";

export function DrawView() {
  return html`<div class="row">${recent.value.map((picture) => html`<div key=${picture.id}><${Tile} picture=${picture} href=${href(`gallery/${picture.id}`)} /></div>`)}</div>`;
}

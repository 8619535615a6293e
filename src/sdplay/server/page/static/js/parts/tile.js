/** A small picture that opens. */
import { html } from "../core/html.js";
import { t } from "../core/words.js";
import { Icon } from "./icon.js";

/**
 * @param {{picture: any, selected?: boolean, current?: boolean, onOpen?: (event: any) => void, href?: string, label?: string,
 *   class?: string, children?: any, [more: string]: any}} props `picture` is the API's answer; `href` makes it a link.
 */
export function Tile({ picture, selected, current, onOpen, href, label, class: extra = "", children, ...rest }) {
  const words = label ?? (picture.prompt || t("common.picture"));
  const names = ["tile", selected ? "tile-selected" : "", current ? "tile-current" : "", extra]
    .filter(Boolean)
    .join(" ");
  const inside = html`<img class="tile-image" src=${picture.thumbnail} alt="" loading="lazy" decoding="async"
      width=${picture.width} height=${picture.height} draggable="false" />
    ${picture.media_type?.startsWith("video") && html`<span class="tile-film"><${Icon} name="play" size=${14} /></span>`}
    ${children}`;
  const shape = { aspectRatio: `${picture.width} / ${picture.height}` };
  return href
    ? html`<a class=${names} href=${href} style=${shape} aria-label=${words} title=${words} onClick=${onOpen} ...${rest}>${inside}</a>`
    : html`<button type="button" class=${names} style=${shape} aria-label=${words} title=${words} aria-pressed=${selected}
        aria-current=${current ? "true" : undefined} onClick=${onOpen} ...${rest}>${inside}</button>`;
}

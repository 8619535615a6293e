/** The gallery: every picture that was drawn or put into a folder. */
import { api } from "../../core/api.js";
import { html, useEffect, useLayoutEffect } from "../../core/html.js";
import { useKeys } from "../../core/keys.js";
import { go } from "../../core/router.js";
import { t } from "../../core/words.js";
import { Button } from "../../parts/button.js";
import { Empty } from "../../parts/empty.js";
import { discard, mark, putBack, star } from "./actions.js";
import { Compare } from "./compare.js";
import { Detail } from "./detail.js";
import { addressOf, EVERYTHING, filterOf, isNarrow } from "./filter.js";
import { stepped } from "./grid.js";
import {
  at,
  chooseAll,
  chooseNone,
  chooseTo,
  chosen,
  current,
  filter,
  find,
  follow,
  fresh,
  refresh,
  show,
  toggle,
  total,
} from "./list.js";
import { filterBy, Toolbar } from "./toolbar.js";
import { shownWall, Wall } from "./wall.js";

const ARROWS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "PageUp", "PageDown", "Home", "End"];

/** @param {{route: import("../../core/router.js").Route}} props */
export function GalleryView({ route }) {
  const [part, first, second] = route.parts;
  const wanted = JSON.stringify(filterOf(route.query));
  const isCompare = part === "compare";
  useLayoutEffect(() => {
    if (!isCompare || total.value === null) show(JSON.parse(wanted)); // asked for before the first paint
  }, [wanted, isCompare]);
  useEffect(() => {
    if (total.value !== null) refresh();
    api.post("pictures/scan").catch(() => {}); // what changes is told by events
    return follow();
  }, []);
  const isOpen = part !== undefined;
  return html`<div class="gallery">
    <div class="gallery-list" inert=${isOpen}>
      ${!isOpen && html`<${WallKeys} />`}
      <${Toolbar} />
      ${fresh.value > 0 && html`<button type="button" class="gallery-fresh" onClick=${showFresh}>${t("gallery.fresh", { count: fresh.value })}</button>`}
      ${total.value === 0 ? html`<${Nothing} />` : html`<${Wall} />`}
    </div>
    ${isCompare && html`<${Compare} first=${Number(first)} second=${Number(second)} />`}
    ${isOpen && !isCompare && html`<${Detail} id=${Number(part)} />`}
  </div>`;
}

function showFresh() {
  current.value = -1;
  document.querySelector(".gallery-scroller")?.scrollTo({ top: 0 });
  refresh();
}

/** What is said where there are no pictures. */
function Nothing() {
  const { trash } = filter.value;
  if (trash) {
    return html`<${Empty} icon="trash" title=${t("gallery.trash.empty")}><${Button} onClick=${() => filterBy({ trash: false })}>${t("gallery.leave_trash")}<//><//>`;
  }
  if (isNarrow(filter.value)) {
    return html`<${Empty} icon="search" title=${t("gallery.none_found")} text=${t("gallery.none_found.text")}><${Button} onClick=${() => filterBy(EVERYTHING)}>${t("gallery.show_all")}<//><//>`;
  }
  return html`<${Empty} icon="gallery" title=${t("gallery.none")} text=${t("gallery.none.text")}><${Button} kind="primary" icon="draw" onClick=${() => go("draw")}>${t("gallery.none.draw")}<//><//>`;
}

/** The keys of the wall, while no picture is open. */
function WallKeys() {
  const step = (/** @type {KeyboardEvent} */ event) => {
    if (!shownWall.layout) return;
    const next = stepped(shownWall.layout, current.value, event.key, shownWall.height);
    if (event.shiftKey) void chooseTo(next);
    current.value = next;
    shownWall.reveal(next);
  };
  const meant = () => {
    const ids = chosen.value.size ? [...chosen.value] : [at(current.value)?.id ?? -1].filter((id) => id >= 0);
    return { ids, pictures: ids.flatMap((id) => find(id)?.picture ?? []) };
  };
  const open = () => {
    const picture = at(current.value);
    if (picture) go(`gallery/${picture.id}${addressOf(filter.value)}`);
  };
  const remove = () => {
    const { ids } = meant();
    if (ids.length) void (filter.value.trash ? putBack(ids) : discard(ids));
  };
  useKeys("gallery", [
    { keys: "/", what: "gallery.keys.search", run: () => document.getElementById("gallery-search")?.focus() },
    ...ARROWS.map((keys) => ({ keys, what: "gallery.keys.move", run: step })),
    ...ARROWS.map((key) => ({ keys: `Shift+${key}`, what: "gallery.keys.extend", run: step })),
    { keys: "Enter", what: "gallery.keys.open", run: open },
    { keys: "Space", what: "gallery.keys.choose", run: () => toggle(current.value) },
    { keys: "Ctrl+a", what: "gallery.choose_all", run: () => void chooseAll() },
    { keys: "Escape", what: "gallery.choose_none", run: chooseNone },
    { keys: "s", what: "gallery.keys.star", run: () => void (meant().pictures.length && star(meant().pictures)) },
    ...[0, 1, 2, 3, 4, 5].map((rating) => ({ keys: String(rating), what: "gallery.keys.rate", run: () => void (meant().ids.length && mark(meant().ids, { rating })) })),
    { keys: "Delete", what: "gallery.keys.discard", run: remove },
    { keys: "m", what: "gallery.keys.compare", run: () => { if (chosen.value.size === 2) go(`gallery/compare/${[...chosen.value].join("/")}`); } },
  ]); // biome-ignore format: a key a line
  return null;
}

/** The wall: all pictures of the list, however many, behind one true scrollbar. */
import { html, useEffect, useLayoutEffect, useRef, useSignal } from "../../core/html.js";
import { go } from "../../core/router.js";
import { t } from "../../core/words.js";
import { star } from "./actions.js";
import { addressOf } from "./filter.js";
import { keptPlace, layoutOf, SIZES, scrolledTo } from "./grid.js";
import { at, atTop, chooseTo, chosen, current, filter, need, toggle, total, version } from "./list.js";
import { look } from "./look.js";
import { Tiles } from "./tiles.js";

/** The wall that is shown, for keys. @type {{layout: import("./grid.js").Layout | undefined, height: number, reveal: (index: number) => void}} */
export const shownWall = { layout: undefined, height: 0, reveal: () => {} };

const HOLD = 450; // milliseconds of a finger on a picture that choose it

export function Wall() {
  const scroller = useRef(/** @type {any} */ (null));
  const wall = useRef(/** @type {any} */ (null));
  const tiles = useRef(/** @type {Tiles | null} */ (null));
  const wanted = useRef(-1); // a tile to be seen as soon as it is known where it is
  const width = useSignal(0);
  const height = useSignal(0);
  useLayoutEffect(() => {
    const made = new Tiles(scroller.current, wall.current, {
      at,
      need,
      isChosen: (id) => chosen.value.has(id),
      isCurrent: (index) => index === current.value,
    });
    tiles.current = made;
    const observer = new ResizeObserver(() => {
      width.value = wall.current?.clientWidth ?? 0;
      height.value = scroller.current?.clientHeight ?? 0;
    });
    observer.observe(scroller.current);
    width.value = wall.current.clientWidth;
    height.value = scroller.current.clientHeight;
    return () => {
      observer.disconnect();
      made.close();
    };
  }, []);
  useLayoutEffect(() => {
    if (!width.value || total.value === null) return;
    const layout = layoutOf({ width: width.value, total: total.value, size: SIZES[look.value.size] });
    const before = shownWall.layout;
    const { scrollTop, clientHeight } = scroller.current;
    shownWall.layout = layout;
    shownWall.height = height.value;
    tiles.current?.lay(layout);
    // a scrollbar that comes makes the wall narrower: far down each row is then elsewhere
    if (before) scroller.current.scrollTop = keptPlace(before, layout, scrollTop, clientHeight, current.peek());
    if (wanted.current >= 0) shownWall.reveal(wanted.current);
  }, [width.value, height.value, total.value, look.value.size]);
  useLayoutEffect(() => tiles.current?.draw(), [version.value, chosen.value, current.value]);
  useLayoutEffect(() => {
    shownWall.reveal = (index) => {
      const { layout } = shownWall;
      const element = scroller.current;
      wanted.current = layout && element ? -1 : index;
      if (!layout || !element || index < 0) return;
      const top = scrolledTo(layout, index, element.scrollTop, element.clientHeight);
      if (top !== element.scrollTop) element.scrollTop = top;
    };
    return () => {
      shownWall.layout = undefined;
      shownWall.reveal = () => {};
    };
  }, []);
  useEffect(() => {
    if (scroller.current && total.value === null) scroller.current.scrollTop = 0;
  }, [total.value]);
  const active = current.value >= 0 ? `tile-${current.value}` : undefined;
  return html`<div class="gallery-scroller" ref=${scroller} onScroll=${(/** @type {any} */ event) => {
    const top = event.currentTarget.scrollTop < 40;
    if (top !== atTop.value) atTop.value = top;
  }}>
    <div class=${`gallery-wall gallery-wall-${look.value.fit}`} ref=${wall} role="listbox" tabindex="0" aria-multiselectable="true"
      aria-label=${t("gallery.list")} aria-activedescendant=${active} ...${pointing()}></div>
  </div>`;
}

/** What a click, a long touch and a second button do. */
function pointing() {
  const held = useRef(/** @type {{timer: any, done: boolean}} */ ({ timer: undefined, done: false }));
  return {
    onClick: (/** @type {MouseEvent} */ event) => {
      const found = tileAt(event);
      if (!found || held.current.done) {
        held.current.done = false;
        return;
      }
      current.value = found.index;
      const mark = /** @type {HTMLElement} */ (event.target).classList;
      if (mark.contains("gallery-mark-star")) void star([found.picture]);
      else if (event.shiftKey) void chooseTo(found.index);
      else if (event.ctrlKey || event.metaKey || chosen.value.size || mark.contains("gallery-mark-check"))
        toggle(found.index);
      else go(`gallery/${found.picture.id}${addressOf(filter.value)}`);
    },
    onPointerDown: (/** @type {PointerEvent} */ event) => {
      if (event.pointerType !== "touch") return;
      const found = tileAt(event);
      held.current = {
        done: false,
        timer: setTimeout(() => {
          if (!found) return;
          held.current.done = true;
          toggle(found.index);
        }, HOLD),
      };
    },
    onPointerUp: () => clearTimeout(held.current.timer),
    onPointerMove: () => clearTimeout(held.current.timer),
    onPointerCancel: () => clearTimeout(held.current.timer),
    onContextMenu: (/** @type {MouseEvent} */ event) => {
      if (held.current.done) event.preventDefault();
    },
  };
}

/** @param {MouseEvent} event */
function tileAt(event) {
  const tile = /** @type {HTMLElement} */ (event.target).closest?.(".gallery-tile");
  const index = Number(tile?.id.slice("tile-".length));
  const picture = tile ? at(index) : undefined;
  return picture ? { index, picture } : undefined;
}

/** The tiles that are seen, made by hand and used again and again: scrolling makes no element and lays nothing out. */
import { t } from "../../core/words.js";
import { placeOf, shownRange } from "./grid.js";

/** @typedef {import("./grid.js").Layout} Layout */
/** @typedef {{element: HTMLElement, image: HTMLImageElement, index: number, picture: any, source: string}} Tile */
/**
 * @typedef {{at: (index: number) => any, need: (first: number, last: number) => void, isChosen: (id: number) => boolean,
 *   isCurrent: (index: number) => boolean}} Source
 */

const SETTLED = 90; // milliseconds without a fling after which pictures are asked for
const FLING = 0.08; // screens in one frame: so fast a picture is past before it has come
const JUMP = 0.35; // so fast nobody could read what the pictures are

export class Tiles {
  /** @param {HTMLElement} scroller @param {HTMLElement} wall @param {Source} source */
  constructor(scroller, wall, source) {
    this.scroller = scroller;
    this.wall = wall;
    this.source = source;
    /** @type {Map<number, Tile>} */
    this.used = new Map();
    /** @type {Tile[]} */
    this.free = [];
    /** @type {Layout | undefined} */
    this.layout = undefined;
    this.top = 0;
    this.height = 0;
    this.flinging = false;
    this.jumping = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.settling = undefined;
    this.frame = 0;
    this.onScroll = () => {
      if (!this.frame) this.frame = requestAnimationFrame(() => this.scrolled());
    };
    scroller.addEventListener("scroll", this.onScroll, { passive: true });
  }

  close() {
    this.scroller.removeEventListener("scroll", this.onScroll);
    cancelAnimationFrame(this.frame);
    clearTimeout(this.settling);
  }

  scrolled() {
    this.frame = 0;
    const top = this.scroller.scrollTop;
    const moved = Math.abs(top - this.top);
    if (moved > FLING * this.height) {
      this.flinging = true;
      this.jumping = moved > JUMP * this.height;
      clearTimeout(this.settling);
      this.settling = setTimeout(() => {
        this.flinging = false;
        this.jumping = false;
        this.draw();
      }, SETTLED);
    }
    this.top = top;
    this.draw();
  }

  /** Another size of the window, of the tiles or of the list. @param {Layout} layout */
  lay(layout) {
    this.layout = layout;
    this.height = this.scroller.clientHeight;
    this.top = this.scroller.scrollTop;
    this.wall.style.height = `${layout.height}px`;
    this.wall.style.setProperty("--side", `${layout.side}px`);
    for (const tile of this.used.values()) this.place(tile);
    this.draw();
  }

  /** Show what is to be seen where the wall is scrolled to. */
  draw() {
    const { layout } = this;
    if (!layout) return;
    const { first, last } = shownRange(layout, this.top, this.height);
    for (const [index, tile] of this.used) {
      if (index >= first && index < last) continue;
      this.used.delete(index);
      this.free.push(tile);
    }
    for (let index = first; index < last; index += 1) {
      const tile = this.used.get(index) ?? this.take(index);
      this.fill(tile);
    }
    for (const tile of this.free) if (tile.index >= 0) this.hide(tile);
    if (!this.jumping) this.source.need(first, last);
  }

  /** @param {number} index @returns {Tile} */
  take(index) {
    const tile = this.free.pop() ?? this.make();
    tile.index = index;
    tile.picture = null; // neither a picture nor one that is still to come: it is described anew
    tile.element.id = `tile-${index}`;
    tile.element.setAttribute("aria-posinset", String(index + 1));
    tile.element.setAttribute("aria-setsize", String(this.layout?.total ?? -1));
    this.used.set(index, tile);
    this.place(tile);
    return tile;
  }

  /** @returns {Tile} */
  make() {
    const element = document.createElement("div");
    element.className = "gallery-tile";
    element.setAttribute("role", "option");
    const image = document.createElement("img");
    image.alt = "";
    image.decoding = "async";
    image.draggable = false;
    image.addEventListener("load", () => image.classList.add("gallery-there"));
    image.addEventListener("error", () => element.classList.add("gallery-tile-broken"));
    element.append(image);
    for (const [name, text] of [["check", "✓"], ["star", "★"], ["film", "▶"], ["rating", ""]]) {
      const mark = document.createElement("span");
      mark.className = `gallery-mark gallery-mark-${name}`;
      mark.setAttribute("aria-hidden", "true");
      mark.textContent = /** @type {string} */ (text);
      element.append(mark);
    } // biome-ignore format: one line
    this.wall.append(element);
    return { element, image, index: -1, picture: undefined, source: "" };
  }

  /** @param {Tile} tile */
  place(tile) {
    if (!this.layout) return;
    const { x, y } = placeOf(this.layout, tile.index);
    tile.element.style.transform = `translate(${x}px, ${y}px)`;
  }

  /** @param {Tile} tile */
  hide(tile) {
    tile.index = -1;
    tile.picture = undefined;
    tile.element.removeAttribute("id");
    tile.element.style.transform = "translate(0, -9999px)";
  }

  /** @param {Tile} tile */
  fill(tile) {
    const picture = this.source.at(tile.index);
    const { classList } = tile.element;
    if (picture !== tile.picture) this.describe(tile, picture);
    const isChosen = picture !== undefined && this.source.isChosen(picture.id);
    classList.toggle("gallery-tile-chosen", isChosen);
    classList.toggle("gallery-tile-current", this.source.isCurrent(tile.index));
    tile.element.setAttribute("aria-selected", String(isChosen));
    const source =
      picture && !this.flinging ? picture.thumbnail : picture?.thumbnail === tile.source ? tile.source : "";
    if (source === tile.source) return;
    tile.source = source;
    tile.image.classList.remove("gallery-there");
    classList.remove("gallery-tile-broken");
    if (source) tile.image.src = source;
    else tile.image.removeAttribute("src");
  }

  /** @param {Tile} tile @param {any} picture */
  describe(tile, picture) {
    tile.picture = picture;
    const { classList, dataset } = tile.element;
    classList.toggle("gallery-tile-starred", Boolean(picture?.starred));
    classList.toggle("gallery-tile-film", Boolean(picture?.film));
    const rating = /** @type {HTMLElement} */ (tile.element.lastChild);
    const stars = picture?.rating ? "★".repeat(picture.rating) : "";
    if (rating.textContent !== stars) rating.textContent = stars;
    tile.element.setAttribute("aria-label", picture ? labelOf(picture) : "…");
    if (picture) dataset.id = String(picture.id);
    else if (dataset.id) delete dataset.id;
  }
}

/** What is read aloud of a picture. @param {any} picture */
export function labelOf(picture) {
  const words = picture.prompt || picture.name;
  const marks = [
    picture.starred ? t("gallery.starred") : "",
    picture.rating ? t("gallery.rated", { count: picture.rating }) : "",
    picture.film ? t("gallery.film") : "",
  ];
  return [words, ...marks.filter(Boolean)].join(", ");
}

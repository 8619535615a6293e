/** Where words are typed: with completion, weights by keys, and what was drawn before one key away. */
import { html, useEffect, useId, useLayoutEffect, useRef, useState } from "../core/html.js";
import { t } from "../core/words.js";
import { TextArea } from "../parts/field.js";
import { completed, offers, placesAt } from "./complete.js";
import { Walk } from "./history.js";
import { askFor, entriesFor } from "./sources.js";
import { weigh } from "./weights.js";

/** @import { Key } from "../core/keys.js" */
/** @import { Words } from "./history.js" */

const WEIGHT = 0.1;

/** @typedef {{entry: import("./complete.js").Entry, from: number}} Offer */

/** What the keys of a prompt do, for the sheet of keys. @type {Key[]} */
export const WEIGHT_KEYS = [
  { keys: "Ctrl+ArrowUp", what: "draw.keys.more" },
  { keys: "Ctrl+ArrowDown", what: "draw.keys.less" },
];
/** @type {Key[]} */
export const PROMPT_KEYS = [
  ...WEIGHT_KEYS,
  { keys: "Alt+ArrowUp", what: "draw.keys.back" },
  { keys: "Alt+ArrowDown", what: "draw.keys.forth" },
];

/**
 * @param {import("../parts/field.js").FieldProps & {model: string, value: string, onChange: (text: string) => void,
 *   onStyle?: (name: string) => void, words?: Words, onWords?: (words: Words) => void, onBlur?: () => void}} props
 * `model` is the one whose things are offered, and styles are where `onStyle` takes them; with `words`, what is typed
 * now, those of earlier pictures come back by keys.
 */
export function PromptField({ model, value, onChange, onStyle, words, onWords, onBlur, ...props }) {
  const area = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const walk = useRef(new Walk());
  const [open, setOpen] = useState(/** @type {{offers: Offer[], at: number} | null} */ (null));
  const id = useId();

  const write = (/** @type {string} */ text, /** @type {number} */ start, end = start) => {
    if (area.current) {
      area.current.value = text; // at once: the next key may come before it is drawn, and works on what is selected
      area.current.setSelectionRange(start, end);
    }
    onChange(text);
  };
  const known = entriesFor(model).filter((one) => onStyle || one.kind !== "style");
  const look = () => {
    const element = area.current;
    if (!element) return;
    const found = offers(placesAt(element.value, element.selectionStart), known);
    setOpen(found.length ? { offers: found, at: 0 } : null);
  };
  useEffect(() => {
    if (area.current && document.activeElement === area.current && value) look(); // they came while somebody typed
  }, [known.length]);
  const take = (/** @type {Offer} */ offer) => {
    const caret = area.current?.selectionStart ?? value.length;
    const { text, caret: after } = completed(value, offer.from, caret, offer.entry);
    if (offer.entry.kind === "style") onStyle?.(offer.entry.text);
    write(text, after);
    setOpen(null);
    area.current?.focus();
  };
  const onInput = (/** @type {string} */ text) => {
    onChange(text);
    look();
  };
  const step = (/** @type {number} */ by) => {
    const found = words && walk.current.step(by, words);
    if (found) onWords?.(found);
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.isComposing) return;
    const done = open ? inList(event, open, setOpen, take) : false;
    if (done || byKey(event, /** @type {HTMLTextAreaElement} */ (area.current), words ? step : null, write)) {
      event.preventDefault();
      event.stopPropagation();
    }
  };
  const leave = () => {
    setOpen(null);
    onBlur?.();
  };

  return html`<div class="prompt-field">
    <${TextArea} ...${props} areaRef=${area} value=${value} onChange=${onInput} onKeyDown=${onKeyDown}
      onFocus=${() => askFor(model)} onBlur=${leave} spellcheck="true" autocapitalize="off"
      role="combobox" aria-expanded=${Boolean(open)} aria-controls=${id} aria-autocomplete="list"
      aria-activedescendant=${open ? `${id}-${open.at}` : undefined} />
    ${open && html`<${Offers} id=${id} area=${area} open=${open} onTake=${take} />`}
  </div>`;
}

/** Keys of the list of offers. @param {KeyboardEvent} event @param {{offers: Offer[], at: number}} open @param {(open: any) => void} setOpen @param {(offer: Offer) => void} take */
function inList(event, open, setOpen, take) {
  if (event.ctrlKey || event.altKey || event.metaKey) return false;
  const count = open.offers.length;
  if (event.key === "ArrowDown") setOpen({ ...open, at: (open.at + 1) % count });
  else if (event.key === "ArrowUp") setOpen({ ...open, at: (open.at - 1 + count) % count });
  else if (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey))
    take(/** @type {Offer} */ (open.offers[open.at]));
  else if (event.key === "Escape") setOpen(null);
  else return false;
  return true;
}

/** Keys of the text: weights, and what was drawn before. @param {KeyboardEvent} event @param {HTMLTextAreaElement} area @param {((by: number) => void) | null} step @param {(text: string, start: number, end?: number) => void} write */
function byKey(event, area, step, write) {
  const up = event.key === "ArrowUp";
  if (!up && event.key !== "ArrowDown") return false;
  if (event.ctrlKey || event.metaKey) {
    const edited = weigh(area.value, area.selectionStart, area.selectionEnd, up ? WEIGHT : -WEIGHT);
    if (edited) write(edited.text, edited.start, edited.end);
    return true;
  }
  if (!event.altKey || !step) return false;
  step(up ? 1 : -1);
  return true;
}

const SIGNS = { lora: "◆", wildcard: "✱", style: "❖", embedding: "◇", word: "·", thing: "•" };

/** @param {{id: string, area: {current: HTMLElement | null}, open: {offers: Offer[], at: number}, onTake: (offer: Offer) => void}} props */
function Offers({ id, area, open, onTake }) {
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => placeBeside(list.current, area.current));
  useEffect(() => {
    const follow = () => placeBeside(list.current, area.current);
    addEventListener("scroll", follow, true);
    addEventListener("resize", follow);
    return () => {
      removeEventListener("scroll", follow, true);
      removeEventListener("resize", follow);
    };
  }, []);
  return html`<ul ref=${list} class="prompt-offers" role="listbox" id=${id} aria-label=${t("draw.offers")}>
    ${open.offers.map(
      ({ entry, from }, index) => html`<li role="option" id=${`${id}-${index}`} key=${`${entry.kind} ${entry.text}`}
      class="prompt-offer" aria-selected=${index === open.at}
      onPointerDown=${(/** @type {Event} */ event) => {
        event.preventDefault();
        onTake({ entry, from });
      }}>
      <span class="prompt-offer-sign" aria-hidden="true">${entry.sign ?? SIGNS[entry.kind]}</span>
      <span class="prompt-offer-text">${entry.text}</span>
      <span class="prompt-offer-kind">${entry.detail || t(`draw.offer.${entry.kind}`)}</span>
    </li>`,
    )}
  </ul>`;
}

const GAP = 4; // pixels

/** Put a list below its field, or above it where there is more room: nothing that scrolls cuts it off. @param {HTMLElement | null} list @param {HTMLElement | null} field */
function placeBeside(list, field) {
  if (!list || !field) return;
  const { left, top, bottom, width } = field.getBoundingClientRect();
  const below = innerHeight - bottom > list.offsetHeight + GAP || innerHeight - bottom > top;
  Object.assign(list.style, {
    left: `${left}px`,
    width: `${width}px`,
    top: `${below ? bottom + GAP : top - GAP - list.offsetHeight}px`,
  });
}

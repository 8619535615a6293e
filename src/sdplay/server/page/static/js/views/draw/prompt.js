/** Where words are typed: with completion, weights by keys, and what was drawn before one key away. */
import { html, useEffect, useId, useRef, useState } from "../../core/html.js";
import { t } from "../../core/words.js";
import { TextArea } from "../../parts/field.js";
import { completed, offers, placesAt } from "./complete.js";
import { model } from "./foresee.js";
import { Walk } from "./history.js";
import { change, settings } from "./settings.js";
import { askFor, entriesFor } from "./sources.js";
import { weigh } from "./weights.js";

const WEIGHT = 0.1;

/** @typedef {{entry: import("./complete.js").Entry, from: number}} Offer */

/**
 * @param {{field: "prompt" | "negative_prompt", label: string, placeholder?: string, aside?: any, error?: string, hint?: any, rows?: number}} props
 */
export function PromptField({ field, ...props }) {
  const area = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const walk = useRef(new Walk());
  const [open, setOpen] = useState(/** @type {{offers: Offer[], at: number} | null} */ (null));
  const id = useId();
  const value = settings.value[field];

  const write = (/** @type {string} */ text, /** @type {number} */ start, end = start) => {
    change({ [field]: text });
    requestAnimationFrame(() => area.current?.setSelectionRange(start, end));
  };
  const known = entriesFor(model.value);
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
    if (offer.entry.kind === "style") change({ style: [...new Set([...settings.value.style, offer.entry.text])] });
    write(text, after);
    setOpen(null);
    area.current?.focus();
  };
  const onInput = (/** @type {string} */ text) => {
    change({ [field]: text });
    look();
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.isComposing) return;
    const done = open ? inList(event, open, setOpen, take) : false;
    if (done || byKey(event, /** @type {HTMLTextAreaElement} */ (area.current), walk.current, write)) {
      event.preventDefault();
      event.stopPropagation();
    }
  };

  return html`<div class="draw-prompt">
    <${TextArea} ...${props} id=${`draw-${field.replace("_", "-")}`} areaRef=${area} value=${value} onChange=${onInput} onKeyDown=${onKeyDown}
      onFocus=${() => askFor(model.value)} onBlur=${() => setOpen(null)} spellcheck="true" autocapitalize="off"
      role="combobox" aria-expanded=${Boolean(open)} aria-controls=${id} aria-autocomplete="list"
      aria-activedescendant=${open ? `${id}-${open.at}` : undefined} />
    ${open && html`<${Offers} id=${id} open=${open} onTake=${take} />`}
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

/** Keys of the text: weights, and what was drawn before. @param {KeyboardEvent} event @param {HTMLTextAreaElement} area @param {Walk} walk @param {(text: string, start: number, end?: number) => void} write */
function byKey(event, area, walk, write) {
  const up = event.key === "ArrowUp";
  if (!up && event.key !== "ArrowDown") return false;
  if (event.ctrlKey || event.metaKey) {
    const edited = weigh(area.value, area.selectionStart, area.selectionEnd, up ? WEIGHT : -WEIGHT);
    if (edited) write(edited.text, edited.start, edited.end);
    return true;
  }
  if (!event.altKey) return false;
  const { prompt, negative_prompt } = settings.value;
  const words = walk.step(up ? 1 : -1, { prompt, negative_prompt });
  if (words) change(words);
  return true;
}

const SIGNS = { lora: "◆", wildcard: "✱", style: "❖", embedding: "◇", word: "·", thing: "•" };

/** @param {{id: string, open: {offers: Offer[], at: number}, onTake: (offer: Offer) => void}} props */
function Offers({ id, open, onTake }) {
  return html`<ul class="draw-offers" role="listbox" id=${id} aria-label=${t("draw.offers")}>
    ${open.offers.map(
      ({ entry, from }, index) => html`<li role="option" id=${`${id}-${index}`} key=${`${entry.kind} ${entry.text}`}
      class="draw-offer" aria-selected=${index === open.at}
      onPointerDown=${(/** @type {Event} */ event) => {
        event.preventDefault();
        onTake({ entry, from });
      }}>
      <span class="draw-offer-sign" aria-hidden="true">${entry.sign ?? SIGNS[entry.kind]}</span>
      <span class="draw-offer-text">${entry.text}</span>
      <span class="draw-offer-kind">${entry.detail || t(`draw.offer.${entry.kind}`)}</span>
    </li>`,
    )}
  </ul>`;
}

/** Above the wall: what is looked for, filters, order and size; what to do with what is chosen. */
import { number } from "../../core/format.js";
import { html, useEffect, useRef, useState } from "../../core/html.js";
import { go } from "../../core/router.js";
import { models } from "../../core/store.js";
import { t } from "../../core/words.js";
import { Button, IconButton } from "../../parts/button.js";
import { Dialog } from "../../parts/dialog.js";
import { Segmented, Select, Switch, TextField } from "../../parts/field.js";
import { Icon } from "../../parts/icon.js";
import { Menu } from "../../parts/menu.js";
import { discard, download, emptyTrash, mark, putBack } from "./actions.js";
import { addressOf, EVERYTHING, filtersSet } from "./filter.js";
import { chooseAll, chooseNone, chosen, facets, filter, find, show, total } from "./list.js";
import { look } from "./look.js";
import { openRead } from "./read.js";

const WAIT = 180; // milliseconds without a key after which words are looked for

/** Look at another list. @param {Partial<import("./filter.js").Filter>} fields */
export function filterBy(fields) {
  const wanted = { ...filter.value, ...fields };
  show(wanted); // at once: the address is followed later, and the next click may come before
  go(`gallery${addressOf(wanted)}`, { replace: true });
}

export function Toolbar() {
  if (chosen.value.size) return html`<${Chosen} />`;
  const trash = filter.value.trash;
  return html`<div class="gallery-bar">
    <${Search} />
    <span class="gallery-count" aria-live="polite">${total.value === null ? "" : t("gallery.count", { count: total.value, number: number(total.value) })}</span>
    <span class="spread"></span>
    ${trash && html`<${Button} kind="danger" icon="trash" disabled=${!total.value} onClick=${() => emptyTrash(total.value ?? 0)}>${t("gallery.empty_trash")}<//>`}
    <${FilterButton} />
    <${More} />
  </div>`;
}

function Search() {
  const [typed, setTyped] = useState(filter.value.text);
  const timer = useRef(/** @type {any} */ (undefined));
  useEffect(() => setTyped(filter.value.text), [filter.value.text]);
  const look = (/** @type {string} */ text) => {
    clearTimeout(timer.current);
    if (text !== filter.value.text) filterBy({ text });
  };
  return html`<div class="gallery-search">
    <${Icon} name="search" size=${18} />
    <input id="gallery-search" class="input" type="search" placeholder=${t("gallery.search")} aria-label=${t("gallery.search")} title=${t("gallery.search.about")}
      value=${typed} onInput=${(/** @type {any} */ event) => {
        const text = event.currentTarget.value;
        setTyped(text);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => look(text), WAIT);
      }}
      onKeyDown=${(/** @type {KeyboardEvent} */ event) => {
        const input = /** @type {HTMLInputElement} */ (event.currentTarget);
        if (event.key === "Enter") look(input.value);
        if (event.key === "Escape") {
          setTyped("");
          look("");
          input.blur();
        }
      }} />
  </div>`;
}

function FilterButton() {
  const [open, setOpen] = useState(false);
  const set = filtersSet(filter.value);
  return html`<${Button} icon="filter" pressed=${set > 0} class="gallery-filter-button" title=${t("gallery.filter")} onClick=${() => setOpen(true)}>
      ${set ? t("gallery.filter.set", { count: set }) : t("gallery.filter")}<//>
    <${Dialog} open=${open} side title=${t("gallery.filter")} onClose=${() => setOpen(false)}
      footer=${html`<${Button} onClick=${() => filterBy({ ...EVERYTHING, text: filter.value.text, trash: filter.value.trash, sort: filter.value.sort })}>${t("common.reset")}<//>
        <${Button} kind="primary" onClick=${() => setOpen(false)}>${total.value === null ? t("common.close") : t("gallery.filter.show", { count: total.value, number: number(total.value) })}<//>`}>
      <${Filters} />
    <//>`;
}

function Filters() {
  const { starred, rating, kind, model, since, until } = filter.value;
  const drawn = Object.entries(facets.value?.models ?? {});
  const names = drawn.length ? drawn : models.value.models.map((/** @type {any} */ one) => [one.name, 0]);
  const stars = [0, 1, 2, 3, 4, 5].map((value) => ({
    value,
    label: value ? "★".repeat(value) : t("gallery.any"),
    title: value ? t("gallery.rating.least", { count: value }) : t("gallery.any"),
  }));
  return html`<div class="stack">
    <${Switch} label=${t("gallery.filter.starred")} value=${starred} onChange=${(/** @type {boolean} */ value) => filterBy({ starred: value })} />
    <${Segmented} label=${t("gallery.rating")} options=${stars} value=${rating} onChange=${(/** @type {number} */ value) => filterBy({ rating: value })} class="gallery-rating-filter" />
    <${Segmented} label=${t("gallery.kind")} value=${kind} onChange=${(/** @type {any} */ value) => filterBy({ kind: value })}
      options=${["", "picture", "film"].map((value) => ({ value, label: t(`gallery.kind.${value || "all"}`) }))} />
    <${Select} label=${t("fields.model")} value=${model} onChange=${(/** @type {string} */ value) => filterBy({ model: value })}
      options=${[{ value: "", label: t("gallery.any") }, ...names.map((/** @type {any} */ [name, count]) => ({ value: name, label: count ? `${name} (${number(count)})` : name }))]} />
    <div class="gallery-days">
      <${TextField} type="date" label=${t("gallery.since")} value=${since} max=${until || undefined} onChange=${(/** @type {string} */ value) => filterBy({ since: value })} />
      <${TextField} type="date" label=${t("gallery.until")} value=${until} min=${since || undefined} onChange=${(/** @type {string} */ value) => filterBy({ until: value })} />
    </div>
  </div>`;
}

function More() {
  const { sort, trash } = filter.value;
  const { size, fit } = look.value;
  const items = [
    ...["newest", "oldest", "rating"].map((one) => ({ label: t(`gallery.sort.${one}`), checked: sort === one, run: () => filterBy({ sort: /** @type {any} */ (one) }) })),
    .../** @type {const} */ (["small", "medium", "large"]).map((one) => ({ label: t(`gallery.size.${one}`), checked: size === one, run: () => { look.value = { ...look.value, size: one }; } })),
    .../** @type {const} */ (["cover", "contain"]).map((one) => ({ label: t(`gallery.fit.${one}`), checked: fit === one, run: () => { look.value = { ...look.value, fit: one }; } })),
    { label: t("gallery.choose_all"), icon: "check", run: () => void chooseAll() },
    { label: t("gallery.read"), icon: "info", run: () => openRead() },
    { label: t(trash ? "gallery.leave_trash" : "gallery.trash"), icon: trash ? "gallery" : "trash", run: () => filterBy({ trash: !trash }) },
  ]; // biome-ignore format: an item a line
  return html`<${Menu} label=${t("gallery.view")} icon="sliders" kind="plain" class="gallery-more" items=${items} />`;
}

function Chosen() {
  const ids = [...chosen.value];
  const known = ids.flatMap((id) => find(id)?.picture ?? []);
  const allStarred = known.length > 0 && known.every((one) => one.starred);
  return html`<div class="gallery-bar gallery-bar-chosen" role="toolbar" aria-label=${t("gallery.chosen.bar")}>
    <${IconButton} icon="close" label=${t("gallery.choose_none")} onClick=${chooseNone} />
    <strong aria-live="polite">${t("gallery.chosen", { count: ids.length, number: number(ids.length) })}</strong>
    <span class="spread"></span>
    ${
      filter.value.trash
        ? html`<${Button} icon="undo" onClick=${() => putBack(ids)}>${t("gallery.put_back")}<//>`
        : html`<${IconButton} icon="star" filled=${allStarred} pressed=${allStarred} label=${t("gallery.star")} onClick=${() => mark(ids, { starred: !allStarred })} />
          <${Menu} label=${t("gallery.rate")} text=${t("gallery.rate")} icon="down" kind="quiet" class="gallery-rate-menu"
            items=${[5, 4, 3, 2, 1, 0].map((rating) => ({ label: rating ? "★".repeat(rating) : t("gallery.not_rated"), run: () => void mark(ids, { rating }) }))} />
          ${ids.length === 2 && html`<${Button} icon="compare" onClick=${() => go(`gallery/compare/${ids.join("/")}`)}>${t("gallery.compare")}<//>`}
          ${known.length === ids.length && ids.length <= 50 && html`<${IconButton} icon="download" label=${t("common.download")} onClick=${() => download(known)} />`}
          <${IconButton} icon="trash" label=${t("gallery.discard")} onClick=${() => discard(ids)} />`
    }
  </div>`;
}

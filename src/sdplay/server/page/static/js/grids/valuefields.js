/** Where the values of an axis are said: numbers as they are typed, boxes to tick, or one line for each. */
import { number } from "../core/format.js";
import { html, useId, useLayoutEffect, useRef } from "../core/html.js";
import { t } from "../core/words.js";
import { IconButton } from "../parts/button.js";
import { TextField } from "../parts/field.js";
import { Icon } from "../parts/icon.js";
import { isNumber, phrases, valuesOf } from "./axes.js";
import { base, changeAxis, usualSide } from "./draft.js";
import { fieldName, valueName } from "./names.js";

const SHOWN = 12; // values that are shown before the rest is only counted
const TICKED = new Set(["choice", "switch", "lora"]);

/** @typedef {{axis: import("./axes.js").Axis, at: number, facts: import("./axes.js").Facts}} Props */

/** @param {Props} props */
export function Values({ axis, at, facts }) {
  if (isNumber(facts)) return html`<${Numbers} axis=${axis} at=${at} facts=${facts} />`;
  if (TICKED.has(facts.kind) && (facts.choices.length || facts.kind === "switch"))
    return html`<${Ticks} axis=${axis} at=${at} facts=${facts} />
      ${facts.kind === "lora" && html`<${Weights} axis=${axis} at=${at} facts=${facts} />`}`;
  return html`<${Lines} axis=${axis} at=${at} facts=${facts} />`;
}

/** @param {Props} props */
function Numbers({ axis, at, facts }) {
  const change = (/** @type {string} */ text) => changeAxis(at, { text });
  const dice = () => change(Array.from({ length: 4 }, () => Math.floor(Math.random() * 2 ** 32)).join(", "));
  return html`<div class="grids-numbers">
      <${TextField} label=${t("grids.values")} value=${axis.text} placeholder="1-5" spellcheck=${false} autocomplete="off" onChange=${change} />
      ${facts.field === "seed" && html`<${IconButton} icon="dice" kind="plain" label=${t("grids.seeds")} onClick=${dice} />`}
    </div>
    <${Chips} field=${axis.field} values=${valuesOf(axis, facts)} />
    <p class="field-hint grids-notation">${t("grids.notation")}</p>`;
}

/** The weights of LoRAs. @param {Props} props */
function Weights({ axis, at, facts }) {
  return html`<${TextField} label=${t("grids.weights")} value=${axis.text} placeholder="0.4, 0.7, 1" spellcheck=${false} autocomplete="off"
      onChange=${(/** @type {string} */ text) => changeAxis(at, { text })} />
    <${Chips} field="lora" values=${valuesOf(axis, facts)} />`;
}

/** What a notation comes to. @param {{field: string, values: string[]}} props */
function Chips({ field, values }) {
  const more = values.length - SHOWN;
  return html`<ul class="grids-chips" aria-label=${t("grids.comes_to")}>
    ${values.slice(0, SHOWN).map((value, at) => html`<li class="grids-chip" key=${at}>${valueName(field, value)}</li>`)}
    ${more > 0 && html`<li class="grids-chip grids-chip-more">+${number(more)}</li>`}
  </ul>`;
}

/** @param {Props} props */
function Ticks({ axis, at, facts }) {
  const options = facts.kind === "switch" ? ["no", "yes"] : facts.choices;
  const isOn = (/** @type {string} */ name) => axis.values.includes(name);
  const toggle = (/** @type {string} */ name) => {
    const after = isOn(name) ? axis.values.filter((one) => one !== name) : [...axis.values, name];
    changeAxis(at, { values: options.filter((one) => after.includes(one)) });
  };
  const all = options.length > 1 && options.every(isOn);
  return html`<fieldset class="grids-ticks">
    <legend class="field-label">${t("grids.values")}</legend>
    ${facts.kind === "lora" && html`<${Tick} label=${t("grids.without")} on=${axis.without} onChange=${() => changeAxis(at, { without: !axis.without })} />`}
    ${options.map((name) => html`<${Tick} key=${name} label=${facts.kind === "switch" ? t(`gallery.${name}`) : valueName(axis.field, name)} on=${isOn(name)} onChange=${() => toggle(name)} />`)}
    ${options.length > 2 && html`<button type="button" class="grids-all" onClick=${() => changeAxis(at, { values: all ? [] : options })}>${t(all ? "grids.none" : "grids.all")}</button>`}
  </fieldset>`;
}

/** @param {{label: string, on: boolean, onChange: () => void}} props */
function Tick({ label, on, onChange }) {
  return html`<label class="grids-tick"><input type="checkbox" checked=${on} onChange=${onChange} /><span>${on && html`<${Icon} name="check" size=${14} />`}${label}</span></label>`;
}

/** One line for each value; of words the first is what the others take the place of. @param {Props} props */
function Lines({ axis, at, facts }) {
  const id = useId();
  const isWords = facts.kind === "words";
  const suggestions = suggested(facts);
  const wanted = useRef(-1);
  useLayoutEffect(() => {
    // at once: the next letter may come before the browser has painted
    if (wanted.current >= 0) document.getElementById(`${id}-${wanted.current}`)?.focus();
    wanted.current = -1;
  });
  const put = (/** @type {string[]} */ values, focus = -1) => {
    wanted.current = focus;
    changeAxis(at, { values });
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ event, /** @type {number} */ place) => {
    if (event.isComposing) return;
    if (event.key === "Enter") put(axis.values.toSpliced(place + 1, 0, ""), place + 1);
    else if (event.key === "Backspace" && !axis.values[place] && axis.values.length > 1)
      put(axis.values.toSpliced(place, 1), Math.max(place - 1, 0));
    else return;
    event.preventDefault();
  };
  return html`<div class="grids-lines" role="group" aria-label=${t("grids.values")}>
    <datalist id=${`${id}-words`}>${suggestions.map((one) => html`<option value=${one} key=${one} />`)}</datalist>
    ${axis.values.map(
      (value, place) => html`<div class="grids-line" key=${place}>
      ${isWords && html`<span class="grids-line-head">${t(place === 0 ? "grids.replace" : "grids.by")}</span>`}
      <input class="input" id=${`${id}-${place}`} value=${value} list=${isWords && place > 0 ? undefined : `${id}-words`} spellcheck=${false} autocomplete="off" placeholder=${isWords && place > 0 ? t("grids.nothing") : undefined}
        aria-label=${isWords && place === 0 ? t("grids.replace.label") : t("grids.value", { at: place + 1 })}
        onInput=${(/** @type {any} */ event) => put(axis.values.with(place, event.currentTarget.value))}
        onKeyDown=${(/** @type {any} */ event) => onKeyDown(event, place)} />
      ${axis.values.length > 1 && html`<${IconButton} small icon="close" label=${t("grids.remove_value", { at: place + 1 })} onClick=${() => put(axis.values.toSpliced(place, 1))} />`}
    </div>`,
    )}
    <button type="button" class="grids-all" onClick=${() => put([...axis.values, ""], axis.values.length)}>${t("grids.add_value")}</button>
    ${isWords && html`<p class="field-hint">${t("grids.replace.about", { field: fieldName(`in_${axis.field}`) })}</p>`}
  </div>`;
}

/** What is proposed while one types. @param {import("./axes.js").Facts} facts @returns {string[]} */
function suggested(facts) {
  if (facts.kind === "words") return phrases(String(base.value[facts.field] ?? ""));
  if (facts.kind !== "size") return facts.choices;
  const side = usualSide.value;
  const longer = Math.round((side * 1.5) / 8) * 8;
  return [`${side}`, `${longer}x${side}`, `${side}x${longer}`, `${side * 2}`];
}

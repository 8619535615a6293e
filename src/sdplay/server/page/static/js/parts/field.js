/** Fields of forms. Each has a label, and takes `value` and `onChange(value)`; what is wrong is said at the field. */

import { number } from "../core/format.js";
import { html, useEffect, useId, useRef, useState } from "../core/html.js";

/**
 * @typedef {{label: string, hint?: any, error?: string, value?: any, onChange?: (value: any) => void, disabled?: boolean,
 *   id?: string, class?: string, aside?: any, hideLabel?: boolean, [more: string]: any}} FieldProps
 */

/** What holds any field: its label above, a hint or an error below. @param {FieldProps & {for?: string, children?: any}} props */
export function Field({ label, hint, error, for: target, aside, hideLabel, class: extra = "", children }) {
  const about = target ? `${target}-about` : undefined;
  return html`<div class=${`field ${error ? "field-wrong" : ""} ${extra}`}>
    <div class="field-head">
      <label for=${target} class=${hideLabel ? "unseen" : "field-label"}>${label}</label>
      ${aside && html`<span class="field-aside">${aside}</span>`}
    </div>
    ${children}
    ${(error || hint) && html`<p id=${about} class=${error ? "field-error" : "field-hint"} role=${error ? "alert" : undefined}>${error || hint}</p>`}
  </div>`;
}

/** @param {string} id @param {FieldProps} props */
function about(id, { hint, error, disabled }) {
  return {
    id,
    disabled,
    "aria-invalid": error ? "true" : undefined,
    "aria-describedby": hint || error ? `${id}-about` : undefined,
  };
}

/** The id of a field: its own, else a new one. @param {{id?: string}} props @returns {string} */
function useFieldId(props) {
  const made = useId();
  return props.id ?? made;
}

/** What of the props is for the input itself. @param {FieldProps & {areaRef?: any}} props @returns {Record<string, any>} */
function forInput(props) {
  const of = ["label", "hint", "error", "value", "onChange", "aside", "hideLabel", "class", "id", "areaRef"];
  return Object.fromEntries(Object.entries(props).filter(([name]) => !of.includes(name)));
}

/** A line of text. @param {FieldProps & {placeholder?: string, type?: string}} props */
export function TextField(props) {
  const id = useFieldId(props);
  return html`<${Field} ...${props} for=${id}>
    <input type="text" class="input" value=${props.value ?? ""} ...${forInput(props)} ...${about(id, props)}
      onInput=${(/** @type {any} */ event) => props.onChange?.(event.currentTarget.value)} />
  <//>`;
}

/** Several lines of text that grow with what is typed. @param {FieldProps & {placeholder?: string, rows?: number, areaRef?: any}} props */
export function TextArea(props) {
  const id = useFieldId(props);
  const own = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const area = props.areaRef ?? own;
  useEffect(() => grow(area.current), [props.value]);
  return html`<${Field} ...${props} for=${id}>
    <textarea class="input input-area" value=${props.value ?? ""} ref=${area} ...${forInput(props)} ...${about(id, props)}
      onInput=${(/** @type {any} */ event) => props.onChange?.(event.currentTarget.value)}></textarea>
  <//>`;
}

/** @param {HTMLTextAreaElement | null} area */
function grow(area) {
  if (!area) return;
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight + 2}px`;
}

/**
 * A number that is typed. Empty gives `null` where `empty` says what that means.
 * @param {FieldProps & {min?: number, max?: number, step?: number, empty?: string}} props
 */
export function NumberField(props) {
  const id = useFieldId(props);
  return html`<${Field} ...${props} for=${id}>
    <${NumberInput} ...${props} id=${id} about=${about(id, props)} />
  <//>`;
}

/** @param {any} props */
function NumberInput({ value, onChange, min, max, step = 1, empty, about: told, class: _ = "" }) {
  const [typed, setTyped] = useState(/** @type {string | null} */ (null));
  const commit = (/** @type {string} */ text) => {
    const read = readNumber(text, min, max);
    if (read !== undefined) onChange?.(read);
    else if (text === "" && empty !== undefined) onChange?.(null);
  };
  return html`<input type="number" inputmode="decimal" class="input input-number" min=${min} max=${max} step=${step} ...${told}
    value=${typed ?? value ?? ""} placeholder=${empty}
    onInput=${(/** @type {any} */ event) => {
      setTyped(event.currentTarget.value);
      commit(event.currentTarget.value);
    }}
    onBlur=${() => setTyped(null)} />`;
}

/** A number in its limits, undefined for what is none. @param {string} text @param {number} [min] @param {number} [max] */
export function readNumber(text, min = -Infinity, max = Infinity) {
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value)) return undefined;
  return Math.min(Math.max(value, min), max);
}

/**
 * A number that is dragged or typed. `value` null means that `fallback` is taken, which is shown as such.
 * @param {FieldProps & {min: number, max: number, step?: number, fallback?: number | null, digits?: number, typedMax?: number}} props
 */
export function NumberSlider(props) {
  const id = useFieldId(props);
  const { min, max, step = 1, fallback, value, onChange, typedMax } = props;
  const shown = value ?? fallback ?? min;
  const share = `${(100 * (Math.min(Math.max(shown, min), max) - min)) / (max - min || 1)}%`;
  return html`<${Field} ...${props} for=${id}>
    <div class="slider">
      <input type="range" class="slider-range" min=${min} max=${max} step=${step} value=${shown} style=${{ "--share": share }}
        aria-label=${props.label} disabled=${props.disabled} tabindex="-1"
        onInput=${(/** @type {any} */ event) => onChange?.(Number(event.currentTarget.value))} />
      <${NumberInput} value=${value} onChange=${onChange} min=${min} max=${typedMax ?? max} step=${step}
        empty=${fallback == null ? undefined : number(fallback, 2)} about=${about(id, props)} />
    </div>
  <//>`;
}

/**
 * One of several, in a list that opens. Options are texts or `{value, label, group}`.
 * @param {FieldProps & {options: (string | {value: any, label: string, disabled?: boolean})[]}} props
 */
export function Select(props) {
  const id = useFieldId(props);
  const options = props.options.map((one) => (typeof one === "object" ? one : { value: one, label: one }));
  const chosen = Math.max(
    options.findIndex((one) => one.value === props.value),
    0,
  );
  return html`<${Field} ...${props} for=${id}>
    <select class="input input-select" value=${String(chosen)} ...${about(id, props)}
      onChange=${(/** @type {any} */ event) => props.onChange?.(options[Number(event.currentTarget.value)]?.value)}>
      ${options.map((one, index) => html`<option value=${String(index)} disabled=${/** @type {any} */ (one).disabled} selected=${index === chosen}>${one.label}</option>`)}
    </select>
  <//>`;
}

/**
 * One of a few, side by side. @param {FieldProps & {options: {value: any, label: any, title?: string}[]}} props
 */
export function Segmented(props) {
  const name = useId();
  return html`<fieldset class=${`field segmented-field ${props.class ?? ""}`} disabled=${props.disabled}>
    <legend class=${props.hideLabel ? "unseen" : "field-label"}>${props.label}</legend>
    <div class="segmented">
      ${props.options.map(
        (one) => html`<label class="segment" title=${one.title}>
        <input type="radio" name=${name} checked=${one.value === props.value} aria-label=${one.title}
          onChange=${() => props.onChange?.(one.value)} />
        <span>${one.label}</span>
      </label>`,
      )}
    </div>
    ${props.hint && html`<p class="field-hint">${props.hint}</p>`}
  </fieldset>`;
}

/** On or off. @param {FieldProps} props */
export function Switch(props) {
  const id = useFieldId(props);
  return html`<div class=${`field switch-field ${props.class ?? ""}`}>
    <label class="switch" for=${id}>
      <span class="switch-label">${props.label}${props.hint && html`<small class="field-hint" id=${`${id}-about`}>${props.hint}</small>`}</span>
      <input type="checkbox" role="switch" class="switch-input" checked=${Boolean(props.value)} ...${about(id, props)}
        onChange=${(/** @type {any} */ event) => props.onChange?.(event.currentTarget.checked)} />
    </label>
    ${props.error && html`<p class="field-error" role="alert">${props.error}</p>`}
  </div>`;
}

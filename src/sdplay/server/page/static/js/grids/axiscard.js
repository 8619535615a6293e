/** One axis while it is thought up: which setting it varies, and its values. */
import { number } from "../core/format.js";
import { html } from "../core/html.js";
import { t } from "../core/words.js";
import { IconButton } from "../parts/button.js";
import { Select } from "../parts/field.js";
import { Icon } from "../parts/icon.js";
import { Menu } from "../parts/menu.js";
import { MOST_AXES, proposed, swapped } from "./axes.js";
import { axes, base, choices, counts, factsOf, setAxes, usualSide } from "./draft.js";
import { problems } from "./foresee.js";
import { fieldName } from "./names.js";
import { Values } from "./valuefields.js";

/** What the axes are called, in their order, and their signs. */
export const PLACES = /** @type {const} */ (["across", "down", "pages"]);
const ICONS = { across: "right", down: "down", pages: "layers" };
const MOST_PROBLEMS = 3;

export function AxisCards() {
  const now = axes.value;
  return html`<div class="grids-axes">
    ${now.map((axis, at) => html`<${AxisCard} key=${at} axis=${axis} at=${at} />`)}
    ${now.length < MOST_AXES && html`<${Another} at=${now.length} />`}
  </div>`;
}

/** What a new axis varies: the first setting that no other does. */
function freeField() {
  const taken = new Set(axes.value.map((axis) => axis.field));
  const wanted = choices.value.filter((one) => one.field !== "prompt" || base.value.prompt);
  return wanted.find((one) => !taken.has(one.field));
}

/** @param {{at: number}} props */
function Another({ at }) {
  const add = () => {
    const facts = freeField();
    if (facts) setAxes([...axes.value, proposed(facts, base.value, usualSide.value)]);
  };
  const place = PLACES[at] ?? "pages";
  return html`<button type="button" class="grids-another" onClick=${add} disabled=${!choices.value.length}>
    <${Icon} name="plus" size=${20} /><span><strong>${t(`grids.add.${place}`)}</strong><span>${t(`grids.add.${place}.about`)}</span></span>
  </button>`;
}

/** @param {{axis: import("./axes.js").Axis, at: number}} props */
function AxisCard({ axis, at }) {
  const facts = factsOf(axis.field);
  const place = PLACES[at] ?? "pages";
  const wrong = facts ? (problems.value.axes[facts.name] ?? []) : [];
  const known = choices.value.some((one) => one.field === axis.field);
  const options = [
    ...(known ? [] : [{ value: axis.field, label: fieldName(axis.field) }]),
    ...choices.value.map((one) => ({ value: one.field, label: fieldName(one.field) })),
  ];
  const choose = (/** @type {string} */ field) => {
    const next = factsOf(field);
    if (next) setAxes(axes.value.with(at, proposed(next, base.value, usualSide.value)));
  };
  const others = axes.value.flatMap((_, other) => (other === at ? [] : [other]));
  return html`<section class=${`grids-axis ${wrong.length ? "grids-axis-wrong" : ""}`} aria-label=${t(`grids.${place}`)}>
    <header>
      <span class="grids-axis-sign" aria-hidden="true"><${Icon} name=${ICONS[place]} size=${18} /></span>
      <h2>${t(`grids.${place}`)}</h2>
      <span class="grids-axis-count"><span class="unseen">${t("grids.count", { count: counts.value[at] ?? 0 })}</span><span aria-hidden="true">${number(counts.value[at] ?? 0)}</span></span>
      <span class="spread"></span>
      ${
        others.length > 0 &&
        html`<${Menu} small label=${t("grids.axis.more", { axis: t(`grids.${place}`) })} items=${others.map(
          (other) => ({
            label: t("grids.swap", { axis: t(`grids.${PLACES[other] ?? "pages"}`) }),
            icon: "swap",
            run: () => setAxes(swapped(axes.value, at, other)),
          }),
        )} />
        <${IconButton} small icon="close" label=${t("grids.axis.remove", { axis: t(`grids.${place}`) })} onClick=${() => setAxes(axes.value.toSpliced(at, 1))} />`
      }
    </header>
    <${Select} label=${t("grids.setting")} value=${axis.field} options=${options} onChange=${choose} />
    ${facts && html`<${Values} axis=${axis} at=${at} facts=${facts} />`}
    ${wrong.slice(0, MOST_PROBLEMS).map((one) => html`<p class="field-error" role="alert" key=${one}>${one}</p>`)}
  </section>`;
}

/** The words of a picture: prompt and negative prompt with what the model reads of them, and what is to be said of it. */
import { html } from "../core/html.js";
import { href } from "../core/router.js";
import { t } from "../core/words.js";
import { IconButton } from "../parts/button.js";
import { Icon } from "../parts/icon.js";
import { explainOpen } from "./explain.js";
import { PromptField } from "./field.js";
import { tokensOf } from "./foresight.js";
import { notesOf } from "./notes.js";

/** @import { Foresight } from "./foresight.js" */
/** @import { Note } from "../api-types.d.ts" */
/** @import { Words } from "./history.js" */

/**
 * @param {{name: string, foresight: Foresight, model: string, words: Words, onChange: (words: Partial<Words>) => void,
 *   onStyle?: (name: string) => void, placeholders: [string, string], rows?: number, menu?: any, children?: any, [more: string]: any}} props
 * `name` begins the ids of the fields; `placeholders` are those of the two; what is left over goes to the prompt's field.
 */
export function PromptWords({
  name,
  foresight,
  model,
  words,
  onChange,
  onStyle,
  placeholders,
  rows = 3,
  menu,
  children,
  ...rest
}) {
  const wrong = foresight.problems.value;
  const told = foresight.explanation.value;
  const shared = { model, words, onWords: onChange, onStyle };
  const aside = html`<${Tokens} part=${told?.parts[0]} size=${told?.chunk_size} />
    <${IconButton} small icon="eye" label=${`${t("draw.explain")} (Alt+E)`} onClick=${() => {
      explainOpen.value = true;
    }} />${menu}`;
  return html`<div class="prompt-words">
    <${PromptField} ...${shared} id=${`${name}-prompt`} label=${t("fields.prompt")} placeholder=${placeholders[0]} rows=${rows} aside=${aside} error=${wrong.prompt}
      value=${words.prompt} onChange=${(/** @type {string} */ prompt) => onChange({ prompt })} ...${rest} />
    <${PromptField} ...${shared} id=${`${name}-negative-prompt`} label=${t("fields.negative_prompt")} placeholder=${placeholders[1]} rows=${1} error=${wrong.negative_prompt}
      aside=${words.negative_prompt ? html`<${Tokens} part=${told?.negative} size=${told?.chunk_size} />` : null}
      value=${words.negative_prompt} onChange=${(/** @type {string} */ negative_prompt) => onChange({ negative_prompt })} />
    ${children}
    ${words.prompt.trim() !== "" && html`<${Notes} notes=${foresight.plan.value?.warnings ?? []} />`}
  </div>`;
}

/** @param {{part: any, size?: number}} props */
function Tokens({ part, size }) {
  if (!part || !size) return null;
  const { count, room, lost } = tokensOf(part, size);
  return html`<span class=${`prompt-tokens ${lost ? "prompt-tokens-lost" : ""}`} title=${t("draw.tokens", { count, room })}>${count}/${room}</span>`;
}

/** What there is to say of a request. @param {{notes: Note[], class?: string, size?: number}} props */
export function Notes({ notes, class: kind = "note note-warn", size = 18 }) {
  return notesOf(notes).map(
    (note) => html`<p class=${kind} key=${note.text}><${Icon} name="info" size=${size} />
    <span>${note.text}${note.things && html` <a href=${href("models")}>${t("draw.things")}</a>`}</span></p>`,
  );
}

/** The tools, undo, and what is done to the mask as a whole. */

/** @import { Easel } from "./easel.js" */
import { TOOLS } from "../../canvas/tools.js";
import { html } from "../../core/html.js";
import { t } from "../../core/words.js";
import { IconButton } from "../../parts/button.js";
import { choose, redo, undo } from "./easel.js";

/** @param {{ easel: Easel, children?: any }} props */
export function Toolbar({ easel, children }) {
  const tool = easel.tool.value;
  void easel.steps.value;
  const history = easel.work.value?.history;
  return html`<div class="toolbar" role="toolbar" aria-label=${t("canvas.tools")} aria-orientation="vertical">
    ${TOOLS.map(
      ({ name, icon, key }) => html`<${IconButton} key=${name} icon=${icon} pressed=${tool.name === name}
        label=${t(`canvas.tool.${name}`)} title=${`${t(`canvas.tool.${name}`)} (${key.toUpperCase()})`}
        onClick=${() => choose(easel, { name })} />`,
    )}
    <span class="toolbar-line"></span>
    <${IconButton} icon="undo" label=${t("canvas.undo")} title=${`${t("canvas.undo")} (Ctrl+Z)`} disabled=${!history?.canUndo} onClick=${() => undo(easel)} />
    <${IconButton} icon="redo" label=${t("canvas.redo")} title=${`${t("canvas.redo")} (Ctrl+Shift+Z)`} disabled=${!history?.canRedo} onClick=${() => redo(easel)} />
    ${children}
  </div>`;
}

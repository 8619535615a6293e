/** What came of it: pictures to pick from, to accept or to leave. */

import { api } from "../../core/api.js";
import { html } from "../../core/html.js";
import { donePart } from "../../core/pace.js";
import { t } from "../../core/words.js";
import { Button, IconButton } from "../../parts/button.js";
import { Progress } from "../../parts/progress.js";
import { toastError } from "../../parts/toast.js";
import { accept, candidates, drawing, leaveRound, look, round } from "./session.js";

export function Dock() {
  const job = drawing.value;
  const { chosen } = round.value;
  if (job === null && candidates.value.length === 0) return null;
  return html`<section class="dock" aria-label=${t("canvas.results")}>
    <div class="dock-pictures">
      ${candidates.value.map(
        (
          picture,
          index,
        ) => html`<button type="button" class="dock-picture" key=${picture.id} aria-pressed=${index === chosen}
          aria-label=${t("canvas.candidate", { number: index + 1, seed: picture.seed })} title=${t("canvas.candidate", { number: index + 1, seed: picture.seed })}
          onClick=${() => look(index === chosen ? -1 : index)}><img src=${picture.thumbnail} alt="" draggable="false" /></button>`,
      )}
      ${job?.preview && html`<span class="dock-picture dock-emerging"><img src=${job.preview} alt="" /></span>`}
    </div>
    ${job !== null && html`<${Waiting} job=${job} />`}
    ${
      candidates.value.length > 0 &&
      html`<div class="dock-actions">
      <${Button} kind="plain" icon="close" onClick=${leaveRound} title="Escape">${t("canvas.reject")}<//>
      <${Button} kind="primary" icon="check" disabled=${chosen < 0} onClick=${accept} title="Enter">${t("canvas.accept")}<//>
    </div>`
    }
  </section>`;
}

/** @param {{ job: any }} props */
function Waiting({ job }) {
  const cancel = () => api.post(`jobs/${job.id}/cancel`).catch(toastError);
  return html`<div class="dock-waiting">
    <${Progress} value=${donePart(job)} total=${job.total} label=${t(job.state === "queued" ? "canvas.queued" : "canvas.drawing")} />
    <${IconButton} small icon="stop" label=${t("common.cancel")} onClick=${cancel} />
  </div>`;
}

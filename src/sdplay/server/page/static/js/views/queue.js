/** The queue: what runs, what waits, what is done. As a view, and as a drawer over every other view. */
import { onEvent } from "../core/events.js";
import { html, useEffect } from "../core/html.js";
import { useKeys } from "../core/keys.js";
import { secondsLeft } from "../core/pace.js";
import { paused, running, waiting } from "../core/store.js";
import { t } from "../core/words.js";
import { Button } from "../parts/button.js";
import { Empty } from "../parts/empty.js";
import { Icon } from "../parts/icon.js";
import { clearEnded, clearWaiting, ended, move, pause, readEnded } from "./queue/actions.js";
import { useDrag } from "./queue/drag.js";
import { Ended, Running, Waiting } from "./queue/job.js";

/** @type {import("../core/keys.js").Key[]} */
const KEYS = [
  { keys: "ArrowUp", what: "queue.keys.move" },
  { keys: "ArrowDown", what: "queue.keys.move" },
  { keys: "Home", what: "queue.keys.ends" },
  { keys: "End", what: "queue.keys.ends" },
];

export function QueueView() {
  return html`<div class="queue"><${QueuePanel} /></div>`;
}

export function QueuePanel() {
  useEffect(() => {
    readEnded();
    return onEvent((event) => {
      if (["finished", "forgotten", "queued", "reset"].includes(event.type)) readEnded();
    });
  }, []);
  useKeys("queue", KEYS);
  const count = waiting.value.length;
  const nothing = !count && !running.value.length && ended.value.known && !ended.value.jobs.length;
  return html`<div class="queue-panel">
    <div class="queue-bar">
      ${
        paused.value
          ? html`<${Button} kind="primary" icon="play" onClick=${() => pause(false)}>${t("queue.resume")}<//>`
          : html`<${Button} icon="pause" onClick=${() => pause(true)}>${t("queue.pause")}<//>`
      }
      <span class="spread"></span>
      ${count > 0 && html`<${Button} kind="quiet" icon="trash" onClick=${clearWaiting}>${t("queue.clear")}<//>`}
    </div>
    ${paused.value && html`<p class="note note-warn"><${Icon} name="pause" size=${18} /><span>${t("queue.paused")}</span></p>`}
    ${nothing && html`<${Empty} icon="queue" title=${t("queue.empty")} text=${t("queue.empty.text")} />`}
    ${
      running.value.length > 0 &&
      html`<section><h2 class="queue-title">${t("queue.running")}</h2>
      <ul class="queue-list">${running.value.map((job) => html`<${Running} job=${job} key=${job.id} />`)}</ul></section>`
    }
    ${count > 0 && html`<${WaitingList} />`}
    ${ended.value.jobs.length > 0 && html`<${EndedList} />`}
  </div>`;
}

function WaitingList() {
  const jobs = waiting.value;
  const drag = useDrag(move);
  const first = paused.value || running.value.length !== 1 ? null : secondsLeft(/** @type {any} */ (running.value[0]));
  return html`<section><h2 class="queue-title">${t("queue.waiting")} <span class="queue-count">${jobs.length}</span></h2>
    <ul class="queue-list">${jobs.map((job, place) => html`<${Waiting} job=${job} place=${place} last=${jobs.length - 1} drag=${drag} key=${job.id} wait=${place === 0 ? first : null} />`)}</ul></section>`;
}

function EndedList() {
  const { jobs, next } = ended.value;
  return html`<section><div class="queue-head"><h2 class="queue-title">${t("queue.ended")}</h2>
      <${Button} small kind="quiet" onClick=${clearEnded}>${t("queue.forget.all")}<//></div>
    <ul class="queue-list">${jobs.map((job) => html`<${Ended} job=${job} key=${job.id} />`)}</ul>
    ${next && html`<div class="queue-more"><${Button} onClick=${() => readEnded({ more: true })}>${t("common.more")}<//></div>`}
  </section>`;
}

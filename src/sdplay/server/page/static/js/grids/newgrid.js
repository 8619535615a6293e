/** A new grid: what all cells share, the axes, and what it would be; below it those that were drawn before. */
import { ApiError, api } from "../core/api.js";
import { bytes, seconds } from "../core/format.js";
import { takeFor, waitsFor } from "../core/handoff.js";
import { html, signal, useEffect } from "../core/html.js";
import { useKeys } from "../core/keys.js";
import { go } from "../core/router.js";
import { queue, state, waiting, withJob } from "../core/store.js";
import { fieldName } from "../core/told.js";
import { t } from "../core/words.js";
import { Button, IconButton } from "../parts/button.js";
import { Icon } from "../parts/icon.js";
import { toast, toastError } from "../parts/toast.js";
import { Notes } from "../prompts/words.js";
import { before } from "../views/draw/queue.js";
import { AxisCards } from "./axiscard.js";
import { askForAxes, base, cells, request, takeOver, texts } from "./draft.js";
import { foresight, isOld, plan, problems, refusal } from "./foresee.js";
import { GridList } from "./list.js";
import { Outline } from "./outline.js";
import { Shared, Words } from "./shared.js";

const sending = signal(false);

export function NewGrid() {
  useEffect(() => {
    askForAxes();
    return foresight.follow();
  }, []);
  useGiven();
  useKeys("grids", [
    { keys: "Ctrl+Enter", what: "grids.keys.draw", run: () => void drawIt() },
    { keys: "Ctrl+Shift+Enter", what: "grids.keys.first", run: () => void drawIt({ first: true }) },
    { keys: "/", what: "draw.keys.prompt", run: () => document.getElementById("grids-prompt")?.focus() },
  ]); // biome-ignore format: a key a line
  return html`<div class="grids">
    <section class="panel grids-panel" aria-label=${t("grids.panel")}>
      <div class="panel-fields grids-fields"><${Words} /><${Shared} /></div>
      <${Foot} />
    </section>
    <div class="grids-main">
      <${AxisCards} />
      <${Outline} />
      <${GridList} />
    </div>
  </div>`;
}

/** Take what other views have sent: settings, or a whole grid to change. */
function useGiven() {
  const waits = waitsFor("grids");
  useEffect(() => {
    const given = takeFor("grids");
    if (given?.request) void takeOver(given.request);
  }, [waits]);
}

/** @param {{first?: boolean}} [options] */
async function drawIt({ first = false } = {}) {
  if (!base.value.prompt?.trim() && !base.value.style) {
    document.getElementById("grids-prompt")?.focus();
    toast(t("draw.nothing"));
    return;
  }
  if (!texts.value.length || sending.value) return;
  sending.value = true;
  try {
    const job = await api.draw({ ...request.value, ...(first ? { priority: before(waiting.value) } : {}) });
    state.value = withJob(state.value, job);
    go(`grids/${job.id}`);
  } catch (error) {
    if (error instanceof ApiError && error.status === 422) refusal.value = error;
    toastError(error);
  } finally {
    sending.value = false;
  }
}

/** The button, and what it will cost. */
function Foot() {
  const total = plan.value?.total ?? cells.value;
  return html`<footer class="panel-foot grids-foot">
    <${Costs} />
    <div class="grids-buttons">
      <${Button} kind="primary" icon="grids" title="Ctrl+Enter" disabled=${!texts.value.length || sending.value} onClick=${() => drawIt()}>${t("grids.button", { count: total })}<//>
      <${IconButton} icon="first" kind="plain" label=${`${t("draw.first")} (Ctrl+Shift+Enter)`} disabled=${!texts.value.length} onClick=${() => drawIt({ first: true })} />
    </div>
  </footer>`;
}

function Costs() {
  const told = plan.value;
  if (refusal.value)
    return html`<p class="grids-costs grids-costs-wrong" role="status"><${Icon} name="warning" size=${16} /><span>${refused()}</span></p>`;
  if (!told) return html`<p class="grids-costs" role="status">${texts.value.length ? " " : t("grids.no_values")}</p>`;
  const ahead = queue.value.length;
  const time = told.seconds === null ? t("draw.time.unknown") : t("draw.time", { time: seconds(told.seconds) });
  const same = told.grid.cells - told.total;
  return html`<p class=${`grids-costs ${isOld.value ? "grids-costs-old" : ""}`} role="status">
      <span><${Icon} name="image" size=${15} />${t("common.pictures", { count: told.total })}</span>
      <span title=${t("draw.time.about")}><${Icon} name="clock" size=${15} />${time}</span>
      ${told.memory && html`<span title=${t("draw.memory.about")}><${Icon} name="memory" size=${15} />${bytes(told.memory.bytes)}</span>`}
      ${ahead > 0 && html`<span><${Icon} name="queue" size=${15} />${t("draw.waits", { count: ahead })}</span>`}
      ${same > 0 && html`<span>${t("grids.same", { count: same })}</span>`}
    </p>
    ${base.value.prompt?.trim() && html`<${Notes} notes=${told.warnings.slice(0, 2)} />`}`;
}

/** What is wrong, where it is not said at a field that is seen. */
function refused() {
  const { fields, axes } = problems.value;
  if (fields.grid) return fields.grid;
  if (Object.keys(axes).length) return t("grids.wrong.axes");
  const [name, text] = Object.entries(fields)[0] ?? ["", refusal.value?.message ?? ""];
  return name ? `${fieldName(name)}: ${text}` : text;
}

/** The bar above a film that is thought up: where one is, undo, files, and the buttons that draw it. */
import { seconds } from "../core/format.js";
import { html, useState } from "../core/html.js";
import { go, href } from "../core/router.js";
import { t } from "../core/words.js";
import { Button, IconButton } from "../parts/button.js";
import { Icon } from "../parts/icon.js";
import { Menu } from "../parts/menu.js";
import { toast, toastError } from "../parts/toast.js";
import { Told } from "../parts/told.js";
import { drawFilm } from "./draw.js";
import { readFile, writeFile } from "./files.js";

/**
 * @param {{title: string, outlook: import("./draw.js").Outlook, request: () => Record<string, any>, kinds: string[],
 *   range?: [number, number] | null, base?: string | null, onDrawn: (job: any) => void, onRead: (request: any) => void,
 *   onNew: () => void, undo?: any, onRange?: (range: null) => void, children?: any}} props
 * `kinds` are the files that it can be written into.
 */
export function FilmBar({
  title,
  outlook,
  request,
  kinds,
  range,
  base,
  onDrawn,
  onRead,
  onNew,
  undo,
  onRange,
  children,
}) {
  const [sending, setSending] = useState(false);
  const draw = async (/** @type {Record<string, any>} */ changes, /** @type {number} */ priority = 0) => {
    setSending(true);
    try {
      const job = await drawFilm(request(), { changes, range, base, priority });
      onDrawn(job);
      toast(t("films.queued"), { kind: "ok", action: { label: t("films.watch"), run: () => go(`films/${job.id}`) } });
    } catch (error) {
      toastError(error);
    }
    setSending(false);
  };
  const draft = outlook.draft.value;
  const says = draft?.says.length ? t("films.draft.says", { what: draft.says.join("; ") }) : t("films.draft.same");
  return html`<div class="films-bar">
    <a class="button button-quiet button-icon" href=${href("films")} aria-label=${t("films.all")} title=${t("films.all")}><${Icon} name="left" /></a>
    <h2 class="films-bar-title">${title}</h2>
    ${children}
    <span class="spread"></span>
    ${undo}
    <${Menu} label=${t("films.files")} icon="more" items=${[
      { label: t("films.new"), icon: "plus", run: onNew },
      { label: t("films.open"), icon: "folder", run: () => readFile(onRead) },
      ...kinds.map((kind) => ({
        label: t(`films.save.${kind}`),
        icon: "download",
        run: () => writeFile(kind, request()),
      })),
    ]} />
    ${range && html`<span class="films-part"><span>${t("films.part", { first: range[0], last: range[1] })}</span><${IconButton} small icon="close" label=${t("films.part.whole")} onClick=${() => onRange?.(null)} /></span>`}
    <${Button} icon="sparkle" title=${says} disabled=${sending || !draft?.says.length} onClick=${() => draw(draft.changes)} class="films-draft">${t("films.draft")}<//>
    <${Button} kind="primary" icon="films" disabled=${sending} title="Ctrl+Enter" onClick=${() => draw({})} class="films-draw">${t("films.draw")}<//>
  </div>`;
}

/** What the film would be, in a line. @param {{outlook: import("./draw.js").Outlook, frames: number, fps: number}} props */
export function FilmOutlook({ outlook, frames, fps }) {
  const plan = outlook.plan.value;
  const error = outlook.error.value;
  const parts = [t("films.frames", { count: frames }), seconds(frames / fps)];
  if (plan?.film) {
    if (plan.film.drawn < plan.film.frames) parts.push(t("films.drawn", { count: plan.film.drawn }));
    parts.push(plan.seconds === null ? t("films.time.unknown") : t("films.time", { time: seconds(plan.seconds) }));
  }
  const first = error?.problems?.[0];
  const wrong = first && !first.field?.includes("prompt");
  return html`<p class="films-outlook" role="status">
    <${Icon} name="clock" size=${15} /><span>${parts.join(" · ")}</span>
    ${wrong && html`<span class="films-outlook-wrong"><${Icon} name="warning" size=${15} /><${Told} problem=${first} /></span>`}
  </p>`;
}

/** One film: it plays while it grows, frame by frame; and what can be done with it. */
import { api } from "../core/api.js";
import { handIn, onEvent } from "../core/events.js";
import { date, seconds } from "../core/format.js";
import { html, useEffect, useState } from "../core/html.js";
import { go, href } from "../core/router.js";
import { jobs } from "../core/store.js";
import { t } from "../core/words.js";
import { Button, IconButton } from "../parts/button.js";
import { confirm } from "../parts/dialog.js";
import { Empty } from "../parts/empty.js";
import { Icon } from "../parts/icon.js";
import { Menu } from "../parts/menu.js";
import { Progress } from "../parts/progress.js";
import { toast, toastError } from "../parts/toast.js";
import { Told } from "../parts/told.js";
import { Notes } from "../prompts/words.js";
import { editFilm } from "./edit.js";
import { firstWords } from "./filmlist.js";
import { countThere } from "./motionstream.js";
import { Player } from "./player.js";

const TOLD = new Set(["started", "step", "picture", "finished", "queued"]);

/** @param {{id: string}} props */
export function FilmPage({ id }) {
  const [film, setFilm] = useState(/** @type {any} */ (null));
  const [frames, setFrames] = useState(/** @type {any} */ (null));
  const [missing, setMissing] = useState(false);
  const [sound, setSound] = useState(/** @type {{upload: string, start: number} | null} */ (null));
  useEffect(() => {
    let shown = true;
    let asking = false;
    let changed = false; // since the last question: what was asked before does not know of it
    const refresh = async () => {
      changed = true;
      if (asking) return;
      asking = true;
      while (changed && shown) {
        changed = false;
        try {
          const [told, there] = await Promise.all([api.get(`films/${id}`), api.get(`films/${id}/frames`)]);
          if (shown) {
            setFilm(told);
            setFrames(there);
          }
        } catch {
          if (shown) setMissing(true);
        }
      }
      asking = false;
    };
    refresh();
    soundOf(id).then((found) => shown && setSound(found));
    const stop = onEvent(({ type, data }) => {
      if (type === "step" && data.done === undefined) return; // a step of a frame, not a frame
      if (type === "reset" || (data.job === id && TOLD.has(type))) refresh();
    });
    return () => {
      shown = false;
      stop();
    };
  }, [id]);
  if (missing && !film)
    return html`<${Empty} icon="films" title=${t("films.gone")}><${Button} onClick=${() => go("films")}>${t("films.all")}<//><//>`;
  if (!film) return null;
  return html`<div class="films-page">
    <${Head} film=${film} />
    <div class="films-page-body">
      <${Player} frames=${frames} film=${film} sound=${sound} />
      <${Facts} film=${film} frames=${frames} />
    </div>
  </div>`;
}

/** The sound that a film was drawn with; null for none. @param {string} id */
async function soundOf(id) {
  const { request } = await api.get(`jobs/${id}`).catch(() => ({ request: {} }));
  return request.audio ? { upload: request.audio, start: request.audio_start ?? 0 } : null;
}

/** @param {any} film */
async function edit(film, fork = true) {
  try {
    const job = await api.get(film.url);
    editFilm(job.request, fork ? film.id : null);
  } catch (error) {
    toastError(error);
  }
}

/** Draw what is not drawn of a part, taking over what is. @param {any} film */
async function drawRest(film) {
  try {
    const job = await api.get(film.url);
    const { frames: _, ...request } = job.request;
    const made = await handIn({ ...request, fork: film.id });
    go(`films/${made.id}`);
  } catch (error) {
    toastError(error);
  }
}

/** @param {any} film @param {string} what */
async function act(film, what) {
  await api.post(`jobs/${film.id}/${what}`).catch(toastError);
}

/** @param {any} film */
async function forget(film) {
  if (
    !(await confirm({
      title: t("films.forget"),
      text: t("films.forget.about"),
      yes: t("films.forget.yes"),
      danger: true,
    }))
  )
    return;
  try {
    await api.delete(`jobs/${film.id}`);
    toast(t("films.forgotten"));
    go("films");
  } catch (error) {
    toastError(error);
  }
}

/** @param {{film: any}} props */
function Head({ film }) {
  const ended = !["queued", "running"].includes(film.state);
  const part = film.last - film.first + 1 < film.frames;
  return html`<div class="films-bar">
    <a class="button button-quiet button-icon" href=${href("films")} aria-label=${t("films.all")} title=${t("films.all")}><${Icon} name="left" /></a>
    <h2 class="films-bar-title films-bar-words">${firstWords(film.prompt)}</h2>
    <span class="spread"></span>
    <${Menu} label=${t("common.more")} items=${[
      ended
        ? { label: t("films.forget"), icon: "trash", run: () => forget(film), danger: true }
        : { label: t("common.cancel"), icon: "stop", run: () => act(film, "cancel") },
      (film.state === "failed" || film.state === "cancelled") && {
        label: t("common.retry"),
        icon: "retry",
        run: () => act(film, "retry"),
      },
    ]} />
    ${film.picture && html`<a class="button button-plain" href=${`${film.picture.file}?download=true`} download><${Icon} name="download" size=${18} /><span>${t("common.download")}</span></a>`}
    ${part && ended && html`<${Button} icon="films" onClick=${() => drawRest(film)} title=${t("films.rest.about")}>${t("films.rest")}<//>`}
    <${Button} kind=${part && ended ? "plain" : "primary"} icon="draw" onClick=${() => edit(film)} title=${t("films.edit.about")}>${t("films.edit")}<//>
  </div>`;
}

/** @param {{film: any, frames: any}} props */
function Facts({ film, frames }) {
  const job = jobs.value.get(film.id);
  const done = job?.progress?.done ?? film.done;
  const rows = [
    [t("films.fact.state"), t(`films.state.${film.state}`)],
    [t("films.fact.length"), `${seconds(film.seconds)} · ${t("films.frames", { count: film.last - film.first + 1 })}`],
    [t("films.fact.there"), t("films.frames", { count: countThere(frames?.there ?? []) })],
    [t("films.field.fps"), String(film.fps)],
    ...(film.width ? [[t("films.fact.size"), `${film.width} × ${film.height}`]] : []),
    [t("films.seed"), String(film.seed)],
    [t("films.fact.begun"), date(film.created)],
  ];
  return html`<aside class="films-facts">
    ${film.state === "running" && html`<${Progress} value=${done} total=${film.total} seconds=${job?.progress?.seconds_left} label=${t("films.done", { done, total: film.total })} />`}
    ${film.error && html`<p class="note note-error"><${Icon} name="warning" size=${18} /><${Told} problem=${film.error} /></p>`}
    <dl class="films-rows">${rows.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    <${Notes} notes=${film.warnings} class="note" />
    ${film.picture && html`<${IconButton} icon="link" label=${t("films.link")} onClick=${() => navigator.clipboard?.writeText(location.href).then(() => toast(t("common.copied")))} />`}
  </aside>`;
}

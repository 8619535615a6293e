/** All films: those that grow, those that are done, and the two ways to begin one. */
import { ago, seconds } from "../core/format.js";
import { waitsFor } from "../core/handoff.js";
import { html, useEffect } from "../core/html.js";
import { go, href } from "../core/router.js";
import { jobs } from "../core/store.js";
import { t } from "../core/words.js";
import { Button } from "../parts/button.js";
import { useDrop } from "../parts/drop.js";
import { Icon } from "../parts/icon.js";
import { jobList } from "../parts/joblist.js";
import { Progress } from "../parts/progress.js";
import { editFilm } from "./edit.js";
import { openFile } from "./files.js";
import { warmUp } from "./motion.js";

const {
  list: films,
  next,
  more,
  useFollowed,
} = jobList({
  path: "films",
  modes: ["dream", "animate"],
  limit: 40,
  soon: 200,
  also: ["reset"],
});

export function FilmList() {
  const given = waitsFor("films"); // a picture that another view sent
  useEffect(() => {
    if (given) go("films/new/animate", { replace: true });
  }, [given]);
  useFollowed();
  const takes = (/** @type {File} */ file) => !file.type.startsWith("image/");
  const drop = useDrop((files) => openFile(files[0], (request) => editFilm(request)), { takes });
  return html`<div class=${`films-list ${drop.active ? "films-over" : ""}`} ...${drop.handlers}>
    <div class="films-begin">
      <${Begin} to="films/new/dream" icon="sparkle" name="dream" />
      <${Begin} to="films/new/animate" icon="curve" name="animate" />
    </div>
    ${films.value !== null && films.value.length === 0 && html`<p class="films-none">${t("films.none")}</p>`}
    <ul class="films-grid">
      ${films.value?.map((film) => html`<li key=${film.id}><${FilmCard} film=${film} /></li>`)}
    </ul>
    ${next.value && html`<div class="films-more"><${Button} onClick=${more}>${t("films.more")}<//></div>`}
  </div>`;
}

/** @param {{to: string, icon: string, name: string}} props */
function Begin({ to, icon, name }) {
  const soon = () => name === "animate" && warmUp();
  return html`<a class="films-begin-card" href=${href(to)} onPointerEnter=${soon} onFocus=${soon} onClick=${(
    /** @type {Event} */ event,
  ) => {
    event.preventDefault();
    go(to);
  }}>
    <span class=${`films-begin-art films-begin-${name}`} aria-hidden="true"><${Icon} name=${icon} size=${26} /></span>
    <span class="films-begin-words"><strong>${t(`films.begin.${name}`)}</strong><span>${t(`films.begin.${name}.about`)}</span></span>
    <${Icon} name="right" class="films-begin-arrow" />
  </a>`;
}

/** @param {{film: any}} props */
function FilmCard({ film }) {
  const job = jobs.value.get(film.id);
  const state = job?.state ?? film.state;
  const done = job?.progress?.done ?? film.done;
  const total = film.last - film.first + 1;
  const part = total < film.frames ? ` · ${t("films.part", { first: film.first, last: film.last })}` : "";
  return html`<a class="films-card" href=${href(`films/${film.id}`)}>
    <span class="films-card-picture">
      ${
        film.thumbnail
          ? html`<img src=${film.thumbnail} alt="" loading="lazy" />`
          : html`<span class="films-card-blank"><${Icon} name="films" size=${28} /></span>`
      }
      <span class="films-card-length">${seconds(film.seconds)}</span>
      ${state !== "completed" && html`<span class=${`films-card-state films-state-${state}`}>${t(`films.state.${state}`)}</span>`}
    </span>
    ${state === "running" && html`<${Progress} value=${done} total=${film.total} seconds=${job?.progress?.seconds_left} label=${t("films.done", { done, total: film.total })} />`}
    <span class="films-card-words">${firstWords(film.prompt)}</span>
    <span class="films-card-about">${t(`films.mode.${film.mode}`)}${part} · ${ago(film.created)}</span>
  </a>`;
}

/** The first words of a film, without the notation of frames. @param {string} text */
export function firstWords(text) {
  try {
    const read = JSON.parse(text);
    const words = Object.values(read).filter(Boolean);
    if (words.length) return words.join(" → ");
  } catch {
    // words as they are
  }
  return text.replaceAll(" | ", " → ") || t("films.untitled");
}

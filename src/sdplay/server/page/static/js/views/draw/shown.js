/** What the stage shows: what is being drawn, else the newest picture, unless somebody has chosen one. */
import { computed, signal } from "../../core/html.js";
import { jobs, queue, recent } from "../../core/store.js";

/** The picture that somebody has chosen, null for the newest. */
export const chosen = signal(/** @type {number | null} */ (null));

/** Show what comes. */
export function follow() {
  chosen.value = null;
}

/** Jobs that draw single pictures and are not done, those that run first. */
export const coming = computed(() =>
  queue.value.flatMap((id) => {
    const job = jobs.value.get(id);
    return job && ["txt2img", "img2img", "inpaint", "upscale"].includes(job.mode) ? [job] : [];
  }),
);

/** Pictures of the strip, no films. */
export const strip = computed(() => recent.value.filter((one) => !one.media_type?.startsWith("video")));

/** The job whose preview is shown, if any. */
export const emerging = computed(() => {
  const job = coming.value.find((one) => one.state === "running");
  return chosen.value === null && job ? job : null;
});

/** A job that is done, until its last picture is here: what was shown of it stays. */
export const landing = computed(() => {
  if (chosen.value !== null) return null;
  const here = new Set(recent.value.map((one) => one.id));
  for (const job of jobs.value.values()) {
    const last = job.pictures?.at(-1);
    if (job.state === "completed" && job.preview && last !== undefined && !here.has(last)) return job;
  }
  return null;
});

/** The job that failed last, if nothing came since. */
export const failed = computed(() => {
  const all = [...jobs.value.values()].filter((job) => job.state !== "queued" && job.state !== "running");
  const last = all.sort((a, b) => b.created - a.created)[0];
  return last?.state === "failed" ? last : null;
});

export const picture = computed(() => {
  const all = strip.value;
  return all.find((one) => one.id === chosen.value) ?? all[0] ?? null;
});

/** Show the picture before (-1) or after (1) the one that is shown, in the order of the strip. @param {number} step */
export function walk(step) {
  const all = strip.value;
  const at = all.findIndex((one) => one.id === picture.value?.id);
  const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
  if (next) chosen.value = next.id;
}

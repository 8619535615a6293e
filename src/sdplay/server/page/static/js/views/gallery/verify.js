/** Prove a picture: it is drawn again, and compared bit for bit. */
import { api } from "../../core/api.js";
import { handIn, onEvent } from "../../core/events.js";
import { percent } from "../../core/format.js";
import { html, useEffect, useState } from "../../core/html.js";
import { jobs } from "../../core/store.js";
import { t } from "../../core/words.js";
import { Button } from "../../parts/button.js";
import { Icon } from "../../parts/icon.js";
import { toastError } from "../../parts/toast.js";

const ENDED = ["completed", "failed", "cancelled"];

/** @param {{picture: any, disabled: boolean}} props */
export function Verify({ picture, disabled }) {
  const [job, setJob] = useState(/** @type {any} */ (null));
  useEffect(() => setJob(null), [picture.id]);
  useEffect(() => {
    if (!job || ENDED.includes(job.state)) return undefined;
    const look = async () => setJob(await api.get(`jobs/${job.id}`).catch(() => job));
    const stop = onEvent((event) => {
      if (event.data.job === job.id && event.type === "finished") void look();
    });
    void look(); // it may have ended before anybody listened
    return stop;
  }, [job?.id]);
  const begin = async () => {
    try {
      setJob(await handIn({ mode: "verify", picture: picture.id }));
    } catch (error) {
      toastError(error);
    }
  };
  if (!job) {
    const title = t(disabled ? "gallery.verify.cannot" : "gallery.verify.about");
    return html`<${Button} icon="verify" title=${title} disabled=${disabled} onClick=${begin}>${t("gallery.verify")}<//>`;
  }
  return html`<div class=${`gallery-verdict gallery-verdict-${job.state}`} role="status">
    <${Icon} name=${job.state === "completed" ? "verify" : job.state === "failed" ? "warning" : "clock"} />
    <span>${verdict(job)}</span>
  </div>`;
}

/** @param {any} job */
function verdict(job) {
  if (job.state === "completed") return t("gallery.verify.equal");
  if (job.state === "cancelled") return t("gallery.verify.cancelled");
  if (job.state === "failed") return t("gallery.verify.differs", { why: job.error?.message ?? "" });
  const { step, steps } = jobs.value.get(job.id)?.progress ?? {};
  return step && steps ? t("gallery.verify.running", { share: percent(step / steps) }) : t("gallery.verify.waiting");
}

/** What is said below a finished picture, and what can be done with it. */
import { api } from "../../core/api.js";
import { number, seconds } from "../../core/format.js";
import { html, useEffect, useState } from "../../core/html.js";
import { go } from "../../core/router.js";
import { jobs } from "../../core/store.js";
import { t } from "../../core/words.js";
import { Button } from "../../parts/button.js";
import { Icon } from "../../parts/icon.js";
import { Menu } from "../../parts/menu.js";
import { Notes } from "../../prompts/words.js";
import { isShown } from "../../shell/places.js";
import { asControl, copyPicture, deletePicture, larger, recall, send, variation } from "./actions.js";

/** @param {{picture: any}} props */
export function Caption({ picture }) {
  const facts = [
    `${picture.width} × ${picture.height}`,
    t("draw.seed.is", { seed: picture.seed }),
    picture.seconds ? seconds(picture.seconds) : "",
  ];
  return html`<div class="draw-caption">
    <div class="draw-caption-words">
      <p class="draw-caption-prompt" title=${picture.prompt}>${picture.prompt || t("common.picture")}</p>
      <p class="draw-caption-facts">${facts.filter(Boolean).join(" · ")}</p>
      <${NotesOfJob} job=${picture.job} />
    </div>
    <div class="draw-actions">
      <${Button} small icon="undo" title=${`${t("draw.recall.about")} (A)`} onClick=${() => recall(picture)}>${t("draw.recall")}<//>
      <${Button} small icon="dice" title=${t("draw.variation.about")} onClick=${() => variation(picture)}>${t("draw.variation")}<//>
      <${Button} small icon="zoomin" class="draw-larger" title=${t("draw.larger.about")} onClick=${() => larger(picture)}>${t("draw.larger", { scale: number(2) })}<//>
      <a class="button button-plain button-icon button-small" href=${`${picture.file}?download=true`} download aria-label=${t("common.download")} title=${t("common.download")}><${Icon} name="download" size=${16} /></a>
      <${Menu} small kind="plain" class="menu-up" label=${t("common.more")} items=${[
        isShown("canvas") && { label: t("draw.send.canvas"), icon: "canvas", run: () => send("canvas", picture) },
        { label: t("draw.send.control"), icon: "layers", run: () => asControl(picture) },
        isShown("films") && { label: t("draw.send.films"), icon: "films", run: () => send("films", picture) },
        isShown("gallery") && {
          label: t("draw.send.gallery"),
          icon: "gallery",
          run: () => go(`gallery/${picture.id}`),
        },
        { label: t("draw.larger.about"), icon: "zoomin", run: () => larger(picture) },
        { label: t("draw.copy"), icon: "copy", run: () => copyPicture(picture) },
        { label: t("common.delete"), icon: "trash", danger: true, run: () => deletePicture(picture) },
      ]} />
    </div>
  </div>`;
}

/** What was said of the job of a picture. @param {{job: string}} props */
function NotesOfJob({ job }) {
  const [told, setTold] = useState(/** @type {import("../../api-types.d.ts").Note[]} */ ([]));
  const known = jobs.value.get(job)?.warnings;
  useEffect(() => {
    if (known || !job) return;
    let left = false;
    api
      .get(`jobs/${job}`)
      .then((answer) => !left && setTold(answer.warnings))
      .catch(() => {}); // a job that was forgotten says nothing
    return () => {
      left = true;
    };
  }, [job]);
  return html`<${Notes} notes=${known ?? told} class="draw-caption-note" size=${15} />`;
}

/** Any picture, of any program, dropped anywhere on the page: its settings, and what of them has no meaning here. */
import { ApiError, address } from "../../core/api.js";
import { sendTo } from "../../core/handoff.js";
import { html, signal, useEffect, useState } from "../../core/html.js";
import { t } from "../../core/words.js";
import { Button } from "../../parts/button.js";
import { Dialog } from "../../parts/dialog.js";
import { Drop } from "../../parts/drop.js";
import { sentence } from "../../parts/toast.js";
import { Said } from "./said.js";

/** @typedef {{blob: Blob | null, name: string}} Given */

const given = signal(/** @type {Given | null} */ (null));
/** Whether a file is held over the page. */
const over = signal(false);

/** Show what a file says; without one, ask for it. @param {File} [file] */
export function openRead(file) {
  given.value = { blob: file ?? null, name: file?.name ?? "" };
}

const close = () => {
  given.value = null;
};

/** Take what is dropped where no view takes it itself, and show it. The shell has one. */
export function ReadDialog() {
  useEffect(() => {
    const holdsFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files");
    const onOver = (/** @type {DragEvent} */ event) => {
      if (!holdsFiles(event) || event.defaultPrevented) return;
      event.preventDefault();
      over.value = true;
    };
    const onLeave = (/** @type {DragEvent} */ event) => {
      if (!event.relatedTarget) over.value = false;
    };
    const onDrop = (/** @type {DragEvent} */ event) => {
      over.value = false;
      const file = event.dataTransfer?.files[0];
      if (!file || event.defaultPrevented) return;
      event.preventDefault();
      openRead(file);
    };
    addEventListener("dragover", onOver);
    addEventListener("dragleave", onLeave);
    addEventListener("drop", onDrop);
    return () => {
      removeEventListener("dragover", onOver);
      removeEventListener("dragleave", onLeave);
      removeEventListener("drop", onDrop);
    };
  }, []);
  return html`${over.value && html`<div class="gallery-drop-here" aria-hidden="true"><span>${t("gallery.read.drop")}</span></div>`}
    ${given.value && html`<${Reading} key=${given.value.name} given=${given.value} />`}`;
}

/** @param {{given: Given}} props */
function Reading({ given: { blob, name } }) {
  const [told, setTold] = useState(/** @type {any} */ (null));
  const [error, setError] = useState("");
  const [shown, setShown] = useState("");
  const [isPicture, setIsPicture] = useState(true);
  useEffect(() => {
    if (!blob) return undefined;
    let current = true;
    const url = URL.createObjectURL(blob);
    setShown(url);
    setIsPicture(true);
    settingsOfFile(blob).then(
      (found) => current && setTold(found),
      (why) => current && setError(sentence(why)),
    );
    return () => {
      current = false;
      URL.revokeObjectURL(url);
    };
  }, [blob]);
  const act = (/** @type {() => void} */ run) => () => {
    close();
    run();
  };
  const footer =
    blob &&
    isPicture &&
    html`
    <${Button} icon="canvas" onClick=${act(() => sendTo("canvas", { blob }))}>${t("gallery.to_canvas")}<//>
    <${Button} icon="layers" onClick=${act(() => sendTo("draw", { blob }))}>${t("gallery.to_control")}<//>
    ${told?.request && html`<${Button} kind="primary" icon="draw" onClick=${act(() => sendTo("draw", { request: told.request }))}>${t("gallery.use_settings")}<//>`}`;
  return html`<${Dialog} open wide class="gallery-read-dialog" title=${t("gallery.read")} onClose=${close} footer=${footer}>
    ${
      blob
        ? html`<div class="gallery-read">
          <figure class="gallery-read-picture">${isPicture && html`<img src=${shown} alt="" onError=${() => setIsPicture(false)} />`}<figcaption>${name}</figcaption></figure>
          <div class="stack gallery-read-said">
            ${error && html`<p class="note note-warn" role="alert">${isPicture ? error : t("canvas.unreadable")}</p>`}
            ${!error && !told && html`<p class="muted" role="status">${t("gallery.read.reading")}</p>`}
            ${told && html`<${Said} told=${told} />`}
          </div>
        </div>`
        : html`<${Drop} label=${t("gallery.read.pick")} hint=${t("gallery.read.pick.hint")} paste onFiles=${(/** @type {File[]} */ files) => openRead(files[0])} />`
    }
  <//>`;
}

/** @param {Blob} blob */
async function settingsOfFile(blob) {
  const form = new FormData();
  form.append("file", blob, "file");
  const answer = await fetch(address("read"), { method: "POST", body: form }).catch((error) => {
    throw new ApiError(0, { code: "unreachable", message: String(error) });
  });
  const told = await answer.json().catch(() => null);
  if (!answer.ok) throw new ApiError(answer.status, told?.error ?? { message: answer.statusText });
  return told;
}

/** Files that a film takes: a sound, a clip, a picture to begin with. Sent at once, and named by their ids. */
import { api } from "../core/api.js";
import { html, useState } from "../core/html.js";
import { t } from "../core/words.js";
import { IconButton } from "../parts/button.js";
import { Drop } from "../parts/drop.js";
import { Icon } from "../parts/icon.js";
import { toastError } from "../parts/toast.js";

/**
 * @param {{label: string, hint?: string, accept: string, icon: string, value: any, name?: string,
 *   onChange: (id: string | null, name: string) => void}} props
 */
export function FileSlot({ label, hint, accept, icon, value, name, onChange }) {
  const [sending, setSending] = useState(false);
  const send = async (/** @type {File[]} */ files) => {
    const [file] = files;
    if (!file) return;
    setSending(true);
    try {
      onChange((await api.upload(file)).id, file.name);
    } catch (error) {
      toastError(error);
    }
    setSending(false);
  };
  if (!value)
    return html`<${Drop} onFiles=${send} label=${sending ? t("films.sending") : label} hint=${hint} accept=${accept} icon=${icon} class="films-slot" />`;
  return html`<div class="films-file">
    ${accept.startsWith("image") ? html`<img src=${`/api/v1/uploads/${value}/thumbnail`} alt="" />` : html`<${Icon} name=${icon} />`}
    <span class="films-file-words"><strong>${label}</strong><span>${name || t("films.file.sent")}</span></span>
    <${IconButton} small icon="trash" label=${t("films.file.remove", { name: label })} onClick=${() => onChange(null, "")} />
  </div>`;
}

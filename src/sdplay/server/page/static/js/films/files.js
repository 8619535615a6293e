/** Settings of films out of files, and into them. */
import { api } from "../core/api.js";
import { t } from "../core/words.js";
import { toast, toastError } from "../parts/toast.js";

const LARGEST = 4_000_000; // bytes
const ENDINGS = ".txt,.json,.py,.toml,.yaml,.yml";

/** Let somebody choose a file, and give what it says. @param {(request: Record<string, any>) => void} onRead */
export function readFile(onRead) {
  const input = document.createElement("input");
  input.type = "file";
  input.accept = ENDINGS;
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    if (file) openFile(file, onRead);
  });
  input.click();
}

/** @param {File} file @param {(request: Record<string, any>) => void} onRead */
export async function openFile(file, onRead) {
  try {
    if (file.size > LARGEST) throw new Error(t("films.open.large"));
    const told = await api.post("settings/read", { name: file.name, text: await file.text() });
    onRead({ mode: told.mode, ...told.fields });
    toast([t("films.opened", { name: file.name }), ...told.notes].join(". "), { kind: "ok", seconds: 12 });
  } catch (error) {
    toastError(error);
  }
}

/** Save a film's settings as a file. @param {string} kind @param {Record<string, any>} request */
export async function writeFile(kind, request) {
  try {
    const told = await api.post(`settings/write?kind=${kind}`, request);
    const url = URL.createObjectURL(new Blob([told.text], { type: "text/plain" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = told.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
    if (told.notes.length) toast(told.notes.join(". "), { seconds: 12 });
  } catch (error) {
    toastError(error);
  }
}

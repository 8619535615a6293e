/** Files that are dropped, pasted or picked. */
import { html, useEffect, useRef, useState } from "../core/html.js";
import { Icon } from "./icon.js";

/**
 * @param {{onFiles: (files: File[]) => void, label: any, hint?: any, accept?: string, multiple?: boolean, paste?: boolean,
 *   icon?: string, class?: string, children?: any}} props `paste`: takes what is pasted anywhere on the page, while it is shown.
 */
export function Drop({
  onFiles,
  label,
  hint,
  accept = "image/*",
  multiple,
  paste,
  icon = "image",
  class: extra = "",
  children,
}) {
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const over = useDrop(onFiles, { paste });
  return html`<div class=${`drop ${over.active ? "drop-over" : ""} ${extra}`} ...${over.handlers}>
    <button type="button" class="drop-button" onClick=${() => input.current?.click()}>
      ${children ?? html`<${Icon} name=${icon} size=${28} /><span class="drop-label">${label}</span>${hint && html`<span class="drop-hint">${hint}</span>`}`}
    </button>
    <input type="file" class="unseen" tabindex="-1" ref=${input} accept=${accept} multiple=${multiple} aria-label=${typeof label === "string" ? label : undefined}
      onChange=${(/** @type {any} */ event) => {
        const files = [...event.currentTarget.files];
        event.currentTarget.value = "";
        if (files.length) onFiles(files);
      }} />
  </div>`;
}

/**
 * Takes files that are dropped on an element (put `handlers` on it); with `paste` those that are pasted as well. What
 * `takes` says no to is left to the page, which shows the settings of any picture.
 * @param {(files: File[]) => void} onFiles @param {{paste?: boolean, takes?: (file: File) => boolean}} [options]
 */
export function useDrop(onFiles, { paste, takes = () => true } = {}) {
  const [active, setActive] = useState(false);
  const newest = useRef(onFiles);
  newest.current = onFiles;
  useEffect(() => {
    if (!paste) return undefined;
    const onPaste = (/** @type {ClipboardEvent} */ event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (!files.length) return;
      event.preventDefault();
      newest.current(files);
    };
    addEventListener("paste", onPaste);
    return () => removeEventListener("paste", onPaste);
  }, [paste]);
  const holdsFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files");
  const handlers = {
    onDragOver: (/** @type {DragEvent} */ event) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      setActive(true);
    },
    onDragLeave: (/** @type {DragEvent} */ event) => {
      const inside = /** @type {HTMLElement} */ (event.currentTarget).contains(
        /** @type {Node} */ (event.relatedTarget),
      );
      if (!inside) setActive(false);
    },
    onDrop: (/** @type {DragEvent} */ event) => {
      setActive(false);
      const files = [...(event.dataTransfer?.files ?? [])].filter(takes);
      if (!files.length) return;
      event.preventDefault();
      event.stopPropagation();
      newest.current(files);
    },
  };
  return { active, handlers };
}

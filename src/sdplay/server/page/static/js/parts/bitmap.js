/** A picture file on a canvas: the one before stays until the next can be shown, so nothing flickers. */
import { html, useEffect, useRef } from "../core/html.js";

/** @param {{ blob: Blob | null, label: string, class?: string, [more: string]: any }} props */
export function Bitmap({ blob, label, class: name = "", ...rest }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  useEffect(() => {
    let left = false;
    if (blob !== null) {
      createImageBitmap(blob).then((bitmap) => {
        if (left || canvas.current === null) return;
        canvas.current.width = bitmap.width;
        canvas.current.height = bitmap.height;
        canvas.current.getContext("2d")?.drawImage(bitmap, 0, 0);
        bitmap.close();
      });
    }
    return () => {
      left = true;
    };
  }, [blob]);
  return html`<canvas ref=${canvas} class=${name} role="img" aria-label=${label} ...${rest}></canvas>`;
}

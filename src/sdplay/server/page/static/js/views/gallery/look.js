/** How the gallery looks: kept in the browser. */
import { draft } from "../../core/drafts.js";

/** @typedef {{size: "small" | "medium" | "large", fit: "cover" | "contain", info: boolean}} Look `info`: what a picture says is shown beside it. */

export const look = draft("gallery", /** @type {Look} */ ({ size: "medium", fit: "cover", info: true }));

/** What the server has put into the page: the words of its language, and what there is to show at once. */

/** @param {string} id @returns {any} */
function block(id) {
  if (typeof document === "undefined") return {}; // in tests without a browser
  return JSON.parse(document.getElementById(id)?.textContent || "{}");
}

/** @type {Record<string, string>} */
export const words = block("words");
/** @type {Record<string, any>} */
export const first = block("first");

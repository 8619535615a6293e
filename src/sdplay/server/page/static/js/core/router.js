/** Where one is: `#/gallery/12?text=apple` is the view gallery with the parts ["12"] and the query {text: "apple"}. */
import { signal } from "./html.js";

/** @typedef {{view: string, parts: string[], query: Record<string, string>}} Route */

const HOME = "draw";

/** @param {string} hash @returns {Route} */
export function parse(hash) {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [view = "", ...parts] = path.split("/").filter(Boolean).map(decoded);
  return { view: view || HOME, parts, query: Object.fromEntries(new URLSearchParams(query)) };
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const route = signal(parse(typeof location === "undefined" ? "" : location.hash));

/** Go somewhere: `go("gallery/12")`; with `replace` the way back does not lead here. @param {string} path @param {{replace?: boolean}} [options] */
export function go(path, options = {}) {
  const hash = `#/${path.replace(/^#?\/?/, "")}`;
  if (options.replace) history.replaceState(null, "", hash);
  else if (location.hash !== hash) history.pushState(null, "", hash);
  route.value = parse(hash);
}

/** The address of a place, for a link. @param {string} path */
export function href(path) {
  return `#/${path}`;
}

/** Follow the address bar. */
export function followAddress() {
  const follow = () => {
    route.value = parse(location.hash);
  };
  addEventListener("hashchange", follow);
  addEventListener("popstate", follow);
}

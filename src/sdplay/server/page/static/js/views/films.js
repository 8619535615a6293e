/** Films: those that are there or grow, and where new ones are thought up. */
import { html } from "../core/html.js";
import { AnimateEditor } from "../films/animateeditor.js";
import { DreamEditor } from "../films/dreameditor.js";
import { FilmList } from "../films/filmlist.js";
import { FilmPage } from "../films/filmpage.js";

/** @param {{route: import("../core/router.js").Route}} props */
export function FilmsView({ route }) {
  const [first, second] = route.parts;
  if (first === "new") return second === "dream" ? html`<${DreamEditor} />` : html`<${AnimateEditor} />`;
  return first ? html`<${FilmPage} id=${first} key=${first} />` : html`<${FilmList} />`;
}

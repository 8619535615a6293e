/** Grids: a new one and those before it, or one of them, with a cell of it as a picture. */
import { html } from "../core/html.js";
import { GridPage } from "../grids/gridpage.js";
import { NewGrid } from "../grids/newgrid.js";

/** @param {{route: import("../core/router.js").Route}} props */
export function GridsView({ route }) {
  const [id, cell] = route.parts;
  return id ? html`<${GridPage} id=${id} opened=${cell} key=${id} />` : html`<${NewGrid} />`;
}

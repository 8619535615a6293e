/** Where the page begins. */
import { connect } from "./core/events.js";
import { html, render } from "./core/html.js";
import { listenToKeys } from "./core/keys.js";
import { followAddress } from "./core/router.js";
import { Shell } from "./shell/shell.js";

followAddress();
listenToKeys();
render(html`<${Shell} />`, /** @type {HTMLElement} */ (document.getElementById("page")));
connect();

/** The frame of the page: where one can go, what the queue does, and the view that is shown. */
import { connection } from "../core/events.js";
import { html, useEffect, useRef } from "../core/html.js";
import { useKeys } from "../core/keys.js";
import { go, href, route } from "../core/router.js";
import { t } from "../core/words.js";
import { IconButton } from "../parts/button.js";
import { Questions } from "../parts/dialog.js";
import { Icon } from "../parts/icon.js";
import { Toasts, toastReached } from "../parts/toast.js";
import { ReadDialog } from "../views/gallery/read.js";
import { views } from "../views.js";
import { Brand } from "./brand.js";
import { drawerOpen, QueueDrawer } from "./drawer.js";
import { KeySheet, sheetOpen } from "./keysheet.js";
import { LanguageMenu } from "./language.js";
import { QueueChip } from "./queuechip.js";
import { ThemeMenu } from "./theme.js";

export function Shell() {
  const view = views.find((one) => one.name === route.value.view) ?? /** @type {any} */ (views[0]);
  useGlobalKeys();
  useTitle(view);
  return html`<div class="shell">
    <a class="button button-primary shell-skip" href="#view" onClick=${skip}>${t("shell.skip")}</a>
    <a class="shell-brand" href=${href("draw")} aria-label=${t("shell.home")}><${Brand} /></a>
    <header class="shell-head">
      <h1 class="shell-title">${t(view.label)}</h1>
      <span class="spread"></span>
      <${Connection} />
      <${QueueChip} />
      <${LanguageMenu} />
      <${ThemeMenu} />
      <${IconButton} icon="help" class="shell-help" label=${t("shell.keys")} onClick=${() => {
        sheetOpen.value = true;
      }} />
    </header>
    <nav class="shell-rail" aria-label=${t("shell.views")}>
      ${views
        .filter((one) => !one.hidden)
        .map(
          (one) => html`<a class=${`shell-link shell-link-${one.name}`} href=${href(one.name)} key=${one.name}
        aria-current=${one === view ? "page" : undefined}><${Icon} name=${one.icon} size=${22} /><span>${t(one.label)}</span></a>`,
        )}
    </nav>
    <main class="shell-view" id="view" tabindex="-1" key=${view.name}><${view.component} route=${route.value} /></main>
    <${QueueDrawer} /><${KeySheet} /><${Questions} /><${ReadDialog} /><${Toasts} />
  </div>`;
}

/** @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById("view")?.focus();
}

function Connection() {
  useEffect(() => {
    if (connection.value === "live") toastReached();
  }, [connection.value]);
  if (connection.value === "live") return null;
  return html`<span class="shell-lost" role="status"><span class="shell-dot"></span>${t(`shell.${connection.value}`)}</span>`;
}

function useGlobalKeys() {
  const shown = views.filter((one) => !one.hidden);
  useKeys("everywhere", [
    { keys: "?", what: "shell.keys.sheet", run: () => { sheetOpen.value = !sheetOpen.value; } },
    { keys: "q", what: "shell.keys.queue", run: () => { drawerOpen.value = !drawerOpen.value; } },
    ...shown.map((one, index) => ({ keys: `Alt+${index + 1}`, what: one.label, run: () => go(one.name) })),
  ]); // biome-ignore format: a key a line
}

/** @param {{label: string, name: string}} view */
function useTitle(view) {
  const first = useRef(true);
  useEffect(() => {
    document.title = `${t(view.label)} · Playground`;
    if (first.current) first.current = false;
    else document.getElementById("view")?.focus({ preventScroll: true });
  }, [view.name]);
}

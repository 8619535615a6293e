/** How far something is: a bar with a number, and the time that is left. */
import { seconds as inWords, percent } from "../core/format.js";
import { html } from "../core/html.js";
import { t } from "../core/words.js";

/** @param {{value: number, total: number, seconds?: number | null, label?: string, thin?: boolean, class?: string}} props */
export function Progress({ value, total, seconds, label, thin, class: extra = "" }) {
  const share = total > 0 ? Math.min(value / total, 1) : 0;
  const left = seconds != null ? t("common.left", { time: inWords(seconds) }) : "";
  return html`<div class=${`progress ${thin ? "progress-thin" : ""} ${extra}`}>
    <div class="progress-track" role="progressbar" aria-valuenow=${Math.round(share * 100)} aria-valuemin="0" aria-valuemax="100" aria-label=${label ?? t("common.progress")}>
      <div class="progress-bar" style=${{ transform: `scaleX(${share})` }}></div>
    </div>
    ${!thin && html`<div class="progress-words"><span>${label}</span><span>${percent(share)}${left && ` · ${left}`}</span></div>`}
  </div>`;
}

/** The same as a ring with room for a number in it. @param {{value: number, total: number, size?: number, children?: any}} props */
export function Ring({ value, total, size = 22, children }) {
  const share = total > 0 ? Math.min(value / total, 1) : 0;
  return html`<span class="ring" style=${{ width: `${size}px`, height: `${size}px` }}>
    <svg viewBox="0 0 24 24" width=${size} height=${size} aria-hidden="true">
      <circle class="ring-track" cx="12" cy="12" r="10" pathLength="100" />
      ${share > 0 && html`<circle class="ring-bar" cx="12" cy="12" r="10" pathLength="100" stroke-dasharray=${`${share * 100} 100`} />`}
    </svg>${children && html`<span class="ring-inside">${children}</span>`}
  </span>`;
}

/** Buttons: with words, or with an icon alone. */
import { html } from "../core/html.js";
import { Icon } from "./icon.js";

/**
 * @typedef {{kind?: "primary" | "plain" | "quiet" | "danger", icon?: string, small?: boolean, onClick?: (event: any) => void,
 *   disabled?: boolean, pressed?: boolean, title?: string, type?: string, class?: string, children?: any, [more: string]: any}} ButtonProps
 */

/** A button with words. @param {ButtonProps} props */
export function Button({
  kind = "plain",
  icon,
  small,
  pressed,
  class: extra = "",
  type = "button",
  children,
  ...rest
}) {
  const names = ["button", `button-${kind}`, small ? "button-small" : "", extra].filter(Boolean).join(" ");
  return html`<button type=${type} class=${names} aria-pressed=${pressed} ...${rest}>
    ${icon && html`<${Icon} name=${icon} size=${small ? 16 : 18} />`}${children && html`<span>${children}</span>`}
  </button>`;
}

/** A button that is an icon; `label` is read aloud and shown as a hint. @param {ButtonProps & {icon: string, label: string, size?: number, filled?: boolean}} props */
export function IconButton({
  icon,
  label,
  kind = "quiet",
  small,
  pressed,
  size,
  filled,
  class: extra = "",
  type = "button",
  title,
  ...rest
}) {
  const names = ["button", "button-icon", `button-${kind}`, small ? "button-small" : "", extra]
    .filter(Boolean)
    .join(" ");
  return html`<button type=${type} class=${names} aria-label=${label} title=${title ?? label} aria-pressed=${pressed} ...${rest}>
    <${Icon} name=${icon} size=${size ?? (small ? 16 : 20)} filled=${filled} />
  </button>`;
}

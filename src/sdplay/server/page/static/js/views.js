/** The views: one line each. `hidden` ones have no place in the rail. */
import { announce } from "./shell/places.js";
import { DrawView } from "./views/draw.js";
import { QueueView } from "./views/queue.js";

/** @typedef {{name: string, icon: string, label: string, component: any, hidden?: boolean}} View */

/** @type {View[]} */
export const views = [
  { name: "draw", icon: "draw", label: "views.draw", component: DrawView },
  { name: "queue", icon: "queue", label: "views.queue", component: QueueView },
];

announce(views.map((one) => one.name));

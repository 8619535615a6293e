/** The views: one line each. `hidden` ones have no place in the rail. */
import { announce } from "./shell/places.js";
import { CanvasView } from "./views/canvas/view.js";
import { DrawView } from "./views/draw.js";
import { FilmsView } from "./views/films.js";
import { GalleryView } from "./views/gallery/view.js";
import { GridsView } from "./views/grids.js";
import { LiveView } from "./views/live/view.js";
import { ModelsView } from "./views/models/view.js";
import { QueueView } from "./views/queue.js";

/** @typedef {{name: string, icon: string, label: string, component: any, hidden?: boolean}} View */

/** @type {View[]} */
export const views = [
  { name: "draw", icon: "draw", label: "views.draw", component: DrawView },
  { name: "live", icon: "live", label: "views.live", component: LiveView },
  { name: "canvas", icon: "canvas", label: "views.canvas", component: CanvasView },
  { name: "gallery", icon: "gallery", label: "views.gallery", component: GalleryView },
  { name: "films", icon: "films", label: "views.films", component: FilmsView },
  { name: "grids", icon: "grids", label: "views.grids", component: GridsView },
  { name: "models", icon: "models", label: "views.models", component: ModelsView },
  { name: "queue", icon: "queue", label: "views.queue", component: QueueView },
];

announce(views.map((one) => one.name));

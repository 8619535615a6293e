/** The schedules that an animation has as lanes: which there are, in which mode they move something, how they are shown. */

/**
 * `usual`: what stands there where nothing is asked; `hue`: of its curve, by what it is about; `step`: of an arrow key.
 * @typedef {{name: string, usual: string, hue: number, step: number, modes: string[], add: string}} Lane
 * `add`: the value of a lane that is added because it is to do something.
 */

const FLAT = ["2D"];
const DEEP = ["3D"];
const MOVED = ["2D", "3D"];
const ALL = ["2D", "3D", "Video Input"];
const CAMERA = 30;
const CHANGE = 255;
const WORDS = 300;
const LOOK = 150;

/** @param {string} name @param {string} usual @param {number} hue @param {number} step @param {string[]} modes @param {string} [add] @returns {Lane} */
function lane(name, usual, hue, step, modes, add = usual) {
  return { name, usual, hue, step, modes, add };
}

/** In the order in which they are shown and offered. */
export const LANES = [
  lane("zoom", "0:(1.0)", CAMERA, 0.005, FLAT, "0:(1.02)"),
  lane("angle", "0:(0)", CAMERA, 0.1, FLAT, "0:(0), 48:(2)"),
  lane("translation_x", "0:(0)", CAMERA, 0.5, MOVED, "0:(2)"),
  lane("translation_y", "0:(0)", CAMERA, 0.5, MOVED, "0:(2)"),
  lane("translation_z", "0:(0)", CAMERA, 0.5, DEEP, "0:(4)"),
  lane("rotation_3d_x", "0:(0)", CAMERA, 0.05, DEEP, "0:(0.3)"),
  lane("rotation_3d_y", "0:(0)", CAMERA, 0.05, DEEP, "0:(0.3)"),
  lane("rotation_3d_z", "0:(0)", CAMERA, 0.05, DEEP, "0:(0.3)"),
  lane("fov_schedule", "0:(40)", CAMERA, 1, DEEP),
  lane("transform_center_x", "0:(0.5)", CAMERA, 0.01, FLAT),
  lane("transform_center_y", "0:(0.5)", CAMERA, 0.01, FLAT),
  lane("strength_schedule", "0:(0.55)", CHANGE, 0.01, ALL),
  lane("noise_schedule", "0:(0)", CHANGE, 0.005, ALL, "0:(0.02)"),
  lane("guidance_schedule", "0:(7)", WORDS, 0.1, ALL),
  lane("steps_schedule", "0:(20)", WORDS, 1, ALL),
  lane("seed_schedule", "0:(1)", WORDS, 1, ALL),
  lane("contrast_schedule", "0:(1.0)", LOOK, 0.01, ALL, "0:(1.05)"),
  lane("color_strength_schedule", "0:(1.0)", LOOK, 0.05, ALL),
  lane("amount_schedule", "0:(0)", LOOK, 0.05, ALL, "0:(0.1)"),
  lane("sigma_schedule", "0:(1.0)", LOOK, 0.1, ALL),
  lane("kernel_schedule", "0:(5)", LOOK, 2, ALL),
  lane("threshold_schedule", "0:(0.0)", LOOK, 1, ALL),
];
const BY_NAME = new Map(LANES.map((one) => [one.name, one]));

/** @param {string} name @returns {Lane} */
export function laneOf(name) {
  return /** @type {Lane} */ (BY_NAME.get(name));
}

/** @param {string} name */
export function isLane(name) {
  return BY_NAME.has(name);
}

/** The lanes that are shown in `mode`: those that were opened, and those that say something else than usual. @param {Record<string, any>} fields @param {string[]} shown @param {string} mode */
export function lanesShown(fields, shown, mode) {
  return LANES.filter((one) => {
    const text = fields[one.name];
    const used = text !== undefined && String(text) !== one.usual;
    return one.modes.includes(mode) && (shown.includes(one.name) || used);
  });
}

/** Those that could be added. @param {Record<string, any>} fields @param {string[]} shown @param {string} mode */
export function lanesToAdd(fields, shown, mode) {
  const there = new Set(lanesShown(fields, shown, mode));
  return LANES.filter((one) => one.modes.includes(mode) && !there.has(one));
}
